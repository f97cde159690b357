"""The genres of the Free Music Archive, and the statement that a row of tracks.csv makes of them."""

from __future__ import annotations

import json
from dataclasses import dataclass

from sqlalchemy import Connection

from catalog.collection.fma.fma_tracks import FmaTrack
from catalog.csvio.csv_error import CsvSourceError
from catalog.csvio.csv_source import BoundedLines, ImportIssues, rows
from catalog.genres.vocabulary import Term, Vocabulary
from catalog.genres.vocabulary_store import ensure_terms, load_vocabulary

AGREES = "genre_top, genres"
CONTRADICTS = "genre_top contradicts genres"


@dataclass(frozen=True, slots=True)
class FmaStatement:
    """The genres of one row."""

    origin: str
    as_written: str
    labels: tuple[tuple[int, str], ...]
    """Genre ids with the archive's names, in order of rank."""
    unknown: tuple[str, ...]
    """Genres that are neither in genres.csv nor in the vocabulary."""

    @property
    def contradicts(self) -> bool:
        """Whether the top genre is not an ancestor of any of the genres."""
        return self.origin == CONTRADICTS


class FmaGenres:
    """The archive's genres as terms of the vocabulary."""

    def __init__(self, vocabulary: Vocabulary, listed: dict[int, tuple[str, Term]]) -> None:
        self._vocabulary = vocabulary
        self._listed = listed
        self._cache: dict[tuple[str | None, tuple[int, ...]], FmaStatement | None] = {}

    def statement(self, track: FmaTrack) -> FmaStatement | None:
        """The statement of a row; None if it has no genre."""
        key = (track.genre_top, track.genres)
        if key not in self._cache:
            if len(self._cache) > 50_000:
                self._cache.clear()
            self._cache[key] = self._state(*key)
        return self._cache[key]

    def _state(self, top_name: str | None, numbers: tuple[int, ...]) -> FmaStatement | None:
        """The most specific genres: those below the top genre, then others; a contradicting top genre comes last."""
        if top_name is None and not numbers:
            return None
        top = self._vocabulary.resolve(top_name) if top_name else None
        unknown = [f"genre {top_name!r}"] if top_name and top is None else []
        entries: dict[int, tuple[str, Term]] = {}
        for number in numbers:
            entry = self._entry(number)
            if entry is None:
                unknown.append(f"genre {number}")
            else:
                entries.setdefault(entry[1].id, entry)
        above = {broader.id for _, term in entries.values() for broader in self._vocabulary.ancestors(term)}
        specific = [entry for entry in entries.values() if entry[1].id not in above]
        contradicts = bool(top and entries) and top is not None and top.id not in above | entries.keys()
        if top is not None:
            specific.sort(key=lambda entry: not self._is_below(entry[1], top))
            if contradicts or not entries:
                specific.append((top_name or top.name, top))
        return FmaStatement(
            origin=CONTRADICTS if contradicts else AGREES,
            as_written="; ".join(
                [*([top_name] if top_name else []), *([json.dumps(numbers)] if numbers else [])]
            ),
            labels=tuple((term.id, name) for name, term in specific),
            unknown=tuple(unknown),
        )

    def _entry(self, number: int) -> tuple[str, Term] | None:
        if number in self._listed:
            return self._listed[number]
        term = self._vocabulary.by_code(f"fma:{number}")
        return None if term is None else (term.name, term)

    def _is_below(self, term: Term, top: Term) -> bool:
        return term.id == top.id or any(each.id == top.id for each in self._vocabulary.ancestors(term))


def read_fma_genres(lines: BoundedLines, problems: ImportIssues) -> dict[int, str]:
    """The titles in a `genres.csv` by number. Raises CsvSourceError if the header lacks a column."""
    table = rows(lines)
    header = next(table, (1, []))[1]
    missing = [name for name in ("genre_id", "title") if name not in header]
    if missing:
        raise CsvSourceError(f"{lines.name}, line 1: the column {', '.join(missing)} is missing")
    number_at, title_at = header.index("genre_id"), header.index("title")
    titles: dict[int, str] = {}
    for line, cells in table:
        if len(cells) != len(header):
            problems.add(lines.name, line, f"{len(cells)} cells instead of {len(header)}; skipped")
            continue
        number, title = cells[number_at], cells[title_at].strip()
        if not (number.isascii() and number.isdecimal() and len(number) < 9) or not title:
            problems.add(lines.name, line, "the number or the title is missing; skipped")
        elif int(number) in titles:
            problems.add(lines.name, line, f"genre {number} occurs twice; skipped")
        else:
            titles[int(number)] = title
    problems.add_undecoded(lines)
    return titles


def load_fma_genres(connection: Connection, titles: dict[int, str]) -> FmaGenres:
    """The genres of a list as terms, in the caller's transaction; missing terms are added.

    Parents are those of the vocabulary, where a person may have changed them.
    """
    vocabulary = load_vocabulary(connection)
    by_code = {number: vocabulary.by_code(f"fma:{number}") for number in titles}
    added = ensure_terms(
        connection, [titles[key] for key, term in by_code.items() if term is None], vocabulary
    )
    listed = {
        number: (title, term)
        for number, title in titles.items()
        if (term := by_code[number] or added.get(title)) is not None
    }
    return FmaGenres(load_vocabulary(connection), listed)
