"""What the Free Music Archive says of a track's genres, as the labels of one statement."""

from __future__ import annotations

import json
from dataclasses import dataclass

from sqlalchemy import Connection

from catalog.collection.fma.fma_tracks import FmaTrack
from catalog.csvio.csv_source import BoundedLines, CsvSourceError, ImportIssues, rows
from catalog.genres.vocabulary import Term, Vocabulary
from catalog.genres.vocabulary_store import ensure_terms, load_vocabulary

AGREES = "genre_top, genres"
CONTRADICTS = "genre_top contradicts genres"


@dataclass(frozen=True, slots=True)
class FmaStatement:
    """What one row says of its track's genres."""

    origin: str
    as_written: str
    labels: tuple[tuple[int, str], ...]
    """Genre id and the archive's name for it, in the order of rank."""
    unknown: tuple[str, ...]
    """Genres that neither the list nor the vocabulary has."""

    @property
    def contradicts(self) -> bool:
        """Whether the top genre is above none of the genres."""
        return self.origin == CONTRADICTS


class FmaGenres:
    """The archive's genres as terms of the vocabulary."""

    def __init__(self, vocabulary: Vocabulary, listed: dict[int, tuple[str, Term]]) -> None:
        self._vocabulary = vocabulary
        self._listed = listed
        self._known: dict[tuple[str | None, tuple[int, ...]], FmaStatement | None] = {}

    def statement(self, track: FmaTrack) -> FmaStatement | None:
        """The statement of a row; None where it says nothing: a genre that is not given is not invented."""
        key = (track.genre_top, track.genres)
        if key not in self._known:
            if len(self._known) > 50_000:
                self._known.clear()
            self._known[key] = self._state(*key)
        return self._known[key]

    def _state(self, top_name: str | None, numbers: tuple[int, ...]) -> FmaStatement | None:
        """The finest genres: first those beneath the top genre, as listed; a top genre that is above none comes last."""
        if top_name is None and not numbers:
            return None
        top = self._vocabulary.resolve(top_name) if top_name else None
        unknown = [f"genre {top_name!r}"] if top_name and top is None else []
        found: dict[int, tuple[str, Term]] = {}
        for number in numbers:
            entry = self._entry(number)
            if entry is None:
                unknown.append(f"genre {number}")
            else:
                found.setdefault(entry[1].id, entry)
        above = {broader.id for _, term in found.values() for broader in self._vocabulary.ancestors(term)}
        finest = [entry for entry in found.values() if entry[1].id not in above]
        contradicts = bool(top and found) and top is not None and top.id not in above | found.keys()
        if top is not None:
            finest.sort(key=lambda entry: not self._is_beneath(entry[1], top))
            if contradicts or not found:
                finest.append((top_name or top.name, top))
        return FmaStatement(
            origin=CONTRADICTS if contradicts else AGREES,
            as_written="; ".join(
                [*([top_name] if top_name else []), *([json.dumps(numbers)] if numbers else [])]
            ),
            labels=tuple((term.id, name) for name, term in finest),
            unknown=tuple(unknown),
        )

    def _entry(self, number: int) -> tuple[str, Term] | None:
        if number in self._listed:
            return self._listed[number]
        term = self._vocabulary.by_code(f"fma:{number}")
        return None if term is None else (term.name, term)

    def _is_beneath(self, term: Term, top: Term) -> bool:
        return term.id == top.id or any(each.id == top.id for each in self._vocabulary.ancestors(term))


def read_fma_genres(lines: BoundedLines, problems: ImportIssues) -> dict[int, str]:
    """Titles by number, of a `genres.csv`. Raises CsvSourceError where the header is wrong."""
    table = rows(lines)
    header = next(table, (1, []))[1]
    lacking = [name for name in ("genre_id", "title") if name not in header]
    if lacking:
        raise CsvSourceError(f"{lines.name}, line 1: there is no column {', '.join(lacking)}")
    number_at, title_at = header.index("genre_id"), header.index("title")
    found: dict[int, str] = {}
    for line, cells in table:
        if len(cells) != len(header):
            problems.add(lines.name, line, f"{len(cells)} cells instead of {len(header)}; left out")
            continue
        number, title = cells[number_at], cells[title_at].strip()
        if not (number.isascii() and number.isdecimal() and len(number) < 9) or not title:
            problems.add(lines.name, line, "no number, or no title; left out")
        elif int(number) in found:
            problems.add(lines.name, line, f"genre {number} for the second time; left out")
        else:
            found[int(number)] = title
    problems.add_undecoded(lines)
    return found


def load_fma_genres(connection: Connection, titles: dict[int, str]) -> FmaGenres:
    """The genres of a list as terms, in the caller's transaction; those that the vocabulary lacks are made.

    The house's own tree counts: a person may have moved a genre since.
    """
    vocabulary = load_vocabulary(connection)
    by_code = {number: vocabulary.by_code(f"fma:{number}") for number in titles}
    made = ensure_terms(
        connection, [titles[key] for key, term in by_code.items() if term is None], vocabulary
    )
    listed = {
        number: (title, term)
        for number, title in titles.items()
        if (term := by_code[number] or made.get(title)) is not None
    }
    return FmaGenres(load_vocabulary(connection), listed)
