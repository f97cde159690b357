"""Changes of the vocabulary by a person: list terms, set a parent, add or merge spellings."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection, String

from catalog.db.tables import genre, genre_alias, label, review_case, statement, suspect
from catalog.genres.closure_table import rebuild_ancestors
from catalog.genres.fold import fold
from catalog.genres.genre_tag import LONGEST_NAME, canonical_name
from catalog.genres.vocabulary import Term, Vocabulary, VocabularyError
from catalog.genres.vocabulary_store import load_vocabulary, lock_vocabulary
from catalog.text import sanitize

_current_label = sa.table(
    "current_label",
    sa.column("track_id", sa.BigInteger()),
    sa.column("genre_id", sa.BigInteger()),
    sa.column("as_written", String()),
)


@dataclass(frozen=True)
class ListedGenre:
    """A term as `catalog genres list` shows it."""

    code: str | None
    name: str
    parent: str | None
    aliases: tuple[str, ...]
    suggest: bool
    origin: str
    tracks: int
    """Tracks whose current genres include it; descendants do not count."""


@dataclass(frozen=True)
class UnmappedGenre:
    """A term that was read from a file and not confirmed by a person."""

    name: str
    tracks: int
    parent: str | None
    """The parent that was derived from its name: the longest known genre at its end."""
    example: str | None
    """One spelling in the tags, verbatim."""


def list_genres(connection: Connection) -> list[ListedGenre]:
    """The terms in use, sorted by name."""
    vocabulary = load_vocabulary(connection)
    tracks = _tracks(connection)
    aliases = aliases_by_genre(vocabulary)
    return [
        ListedGenre(
            term.code,
            term.name,
            _name(vocabulary, term.parent_id),
            tuple(aliases[term.id]),
            term.suggest,
            term.origin,
            tracks.get(term.id, 0),
        )
        for term in sorted(vocabulary.terms, key=lambda term: (term.folded, term.id))
    ]


def list_unmapped(connection: Connection) -> list[UnmappedGenre]:
    """The terms of origin `file` that tracks are tagged with, most tracks first."""
    vocabulary = load_vocabulary(connection)
    column = _current_label.c
    written = sa.select(column.genre_id, sa.func.min(column.as_written).label("example")).group_by(
        column.genre_id
    )
    examples = {row.genre_id: row.example for row in connection.execute(written)}
    tracks = _tracks(connection)
    unmapped = [
        UnmappedGenre(term.name, tracks[term.id], _name(vocabulary, term.parent_id), examples.get(term.id))
        for term in vocabulary.terms
        if term.origin == "file" and term.id in tracks
    ]
    return sorted(unmapped, key=lambda each: (-each.tracks, each.name))


def set_parent(connection: Connection, name: str, parent: str | None) -> Term:
    """Moves a term under another one, or to the top with None, and returns the changed term.

    This confirms a term that was read from a file. Relations between genres change: refresh `track_status` of every
    track afterwards. Raises UnknownGenreError, and VocabularyError for a cycle.
    """
    lock_vocabulary(connection)
    vocabulary = load_vocabulary(connection)
    term = vocabulary.require(name)
    above = None if parent is None else vocabulary.require(parent)
    if above is not None and (above == term or term in vocabulary.ancestors(above)):
        raise VocabularyError(f"{above.name} is {term.name} or below it, and cannot be its parent")
    connection.execute(
        sa.update(genre)
        .where(genre.c.id == term.id)
        .values(
            parent_id=None if above is None else above.id,
            origin="builtin" if term.origin == "file" else term.origin,
        )
    )
    rebuild_ancestors(connection)
    return load_vocabulary(connection).by_id[term.id]


def add_alias(connection: Connection, alias: str, name: str, added_by: str) -> frozenset[int]:
    """Adds a spelling of a term; returns the ids of the tracks whose genres changed, for `refresh_track_status`.

    An alias of another term moves to this term. If `alias` is the name of another term, that term is merged into this
    one: its aliases, children and labels move here. Models and decisions refer to its row, so the row stays: it becomes
    a child of this term and is never suggested. Labels keep the text as written. Raises UnknownGenreError, and
    VocabularyError for a spelling that is not a genre or that is the term's own name.
    """
    lock_vocabulary(connection)
    vocabulary = load_vocabulary(connection)
    term = vocabulary.require(name)
    spelling = validate_spelling(alias)
    folded = fold(spelling)
    if folded == term.folded:
        raise VocabularyError(f"{spelling!r} is already a spelling of {term.name}")
    before = vocabulary.by_spelling(spelling)
    if before == term:
        return frozenset()
    old = next((each for each in vocabulary.aliases if each.folded == folded), None)
    merged = next((each for each in vocabulary.terms if each.folded == folded), None)
    if merged is not None:
        _merge(connection, vocabulary, merged, term)
    # A row of that name, merged now or earlier, is still referenced and counts for the term.
    of_name = (genre.c.folded == folded) & (genre.c.id != term.id)
    named = connection.execute(
        sa.update(genre).where(of_name).values(parent_id=term.id, suggest=False, write=False)
    )
    if named.rowcount:
        rebuild_ancestors(connection)
    values = {"genre_id": term.id, "alias": spelling, "added_by": added_by}
    if old is None:
        connection.execute(sa.insert(genre_alias).values(folded=folded, **values))
    else:
        connection.execute(sa.update(genre_alias).where(genre_alias.c.folded == folded).values(**values))
    if before is None:
        return frozenset()
    return _move_labels(connection, before, term, None if merged else folded)


def validate_spelling(text: str) -> str:
    """The sanitized name or alias of a genre. Raises VocabularyError if the text cannot be one."""
    spelling = sanitize(text)
    if not spelling:
        raise VocabularyError("a genre needs a name")
    if len(spelling) > LONGEST_NAME:
        raise VocabularyError(f"{spelling[:40] + '…'!r} is longer than {LONGEST_NAME} characters")
    if ";" in spelling:
        raise VocabularyError(f"{spelling!r} contains a semicolon, which separates genres")
    if canonical_name(spelling) != spelling:
        raise VocabularyError(f"{spelling!r} means 'no genre' or is a number, and cannot be a name")
    return spelling


def aliases_by_genre(vocabulary: Vocabulary) -> defaultdict[int, list[str]]:
    """The aliases of each term by its id, oldest first."""
    aliases: defaultdict[int, list[str]] = defaultdict(list)
    for alias in vocabulary.aliases:
        aliases[alias.genre_id].append(alias.alias)
    return aliases


def _merge(connection: Connection, vocabulary: Vocabulary, merged: Term, term: Term) -> None:
    """Moves the aliases, children and suggestions of one term to another; its labels and its row stay."""
    if merged in vocabulary.ancestors(term):
        connection.execute(sa.update(genre).where(genre.c.id == term.id).values(parent_id=merged.parent_id))
    connection.execute(
        sa.update(genre)
        .where(genre.c.parent_id == merged.id, genre.c.id != term.id)
        .values(parent_id=term.id)
    )
    connection.execute(
        sa.update(genre_alias).where(genre_alias.c.genre_id == merged.id).values(genre_id=term.id)
    )
    # Predictions are resolved in `track_status`; an accepted suggestion must not bring the merged term back.
    for table in (suspect, review_case):
        suggests_merged = (table.c.suggested_genre_id == merged.id) & (table.c.genre_id != term.id)
        connection.execute(sa.update(table).where(suggests_merged).values(suggested_genre_id=term.id))


def _move_labels(connection: Connection, before: Term, after: Term, folded: str | None) -> frozenset[int]:
    """Moves labels from one term to another: all, or those whose text folds to a key."""
    of_term = label.c.genre_id == before.id
    if folded is not None:
        spellings = connection.scalars(sa.select(label.c.as_written).where(of_term).distinct())
        of_term &= label.c.as_written.in_([each for each in spellings if fold(each) == folded])
    tracks = connection.scalars(sa.select(statement.c.track_id).join(label).where(of_term).distinct()).all()
    connection.execute(sa.update(label).where(of_term).values(genre_id=after.id))
    return frozenset(tracks)


def _tracks(connection: Connection) -> dict[int, int]:
    column = _current_label.c
    tracks = sa.func.count(column.track_id.distinct()).label("tracks")
    counted = sa.select(column.genre_id, tracks).group_by(column.genre_id)
    return {row.genre_id: row.tracks for row in connection.execute(counted)}


def _name(vocabulary: Vocabulary, key: int | None) -> str | None:
    return None if key is None else vocabulary.by_id[key].name
