"""What people do with the vocabulary: look through it, place a term, say that two spellings mean the same."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection, String

from catalog.db.tables import genre, genre_alias, label, statement
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
    """A term as a person looks at it."""

    code: str | None
    name: str
    broader: str | None
    aliases: tuple[str, ...]
    suggest: bool
    origin: str
    tracks: int
    """Tracks whose current tags name it, narrower terms not counted."""


@dataclass(frozen=True)
class UnmappedGenre:
    """A term that a file brought and nobody has vouched for."""

    name: str
    tracks: int
    broader: str | None
    """Where its name put it: the longest known genre that ends it."""
    example: str | None
    """How a tag has it, verbatim."""


def list_genres(connection: Connection) -> list[ListedGenre]:
    """The terms in use, by name."""
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
    """The terms of origin `file` that a track is tagged with, those of most tracks first."""
    vocabulary = load_vocabulary(connection)
    column = _current_label.c
    written = sa.select(column.genre_id, sa.func.min(column.as_written).label("example")).group_by(
        column.genre_id
    )
    examples = {row.genre_id: row.example for row in connection.execute(written)}
    tracks = _tracks(connection)
    found = [
        UnmappedGenre(term.name, tracks[term.id], _name(vocabulary, term.parent_id), examples.get(term.id))
        for term in vocabulary.terms
        if term.origin == "file" and term.id in tracks
    ]
    return sorted(found, key=lambda each: (-each.tracks, each.name))


def set_parent(connection: Connection, name: str, broader: str | None) -> Term:
    """Puts a term beneath another one, or on top with None, and gives it as it is now.

    A term that a file brought is vouched for by this. What stands between terms changes with it: `track_status` of every
    track wants a refresh. Raises VocabularyError for an unknown name and for a circle.
    """
    lock_vocabulary(connection)
    vocabulary = load_vocabulary(connection)
    term = get_term(vocabulary, name)
    above = None if broader is None else get_term(vocabulary, broader)
    if above is not None and (above == term or term in vocabulary.ancestors(above)):
        raise VocabularyError(f"{above.name} is {term.name} or a kind of it, and cannot be broader")
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
    """Makes a spelling mean a term; gives the ids of the tracks that read differently now, for `refresh_track_status`.

    An alias of another term moves. A term of that name is merged: its aliases, narrower terms and labels go over to the
    other; the row stays for the models and decisions that name it, beneath the other and never suggested. Labels keep
    what was written, only the reading of it changes. Raises VocabularyError for an unknown term, for a spelling that is
    no genre, and for one that is the term's own name.
    """
    lock_vocabulary(connection)
    vocabulary = load_vocabulary(connection)
    term = get_term(vocabulary, name)
    spelling = validate_spelling(alias)
    folded = fold(spelling)
    if folded == term.folded:
        raise VocabularyError(f"{spelling!r} is read as {term.name} already")
    before = vocabulary.known(spelling)
    if before == term:
        return frozenset()
    old = next((each for each in vocabulary.aliases if each.folded == folded), None)
    merged = next((each for each in vocabulary.terms if each.folded == folded), None)
    if merged is not None:
        _merge(connection, vocabulary, merged, term)
    # A row of that name, merged now or earlier, stays for what refers to it, and counts for the term.
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
    return _read_anew(connection, before, term, None if merged else folded)


def get_term(vocabulary: Vocabulary, name: str) -> Term:
    """The term that a person names by its name, an alias or its code. Raises VocabularyError where there is none."""
    term = vocabulary.known(name) or vocabulary.by_code(name.strip())
    if term is None:
        raise VocabularyError(f"there is no genre {name!r}; see: catalog genres list")
    return term


def validate_spelling(text: str) -> str:
    """A text that can be the name or an alias of a genre. Raises VocabularyError for one that cannot."""
    spelling = sanitize(text)
    if not spelling:
        raise VocabularyError("a genre needs a name")
    if len(spelling) > LONGEST_NAME:
        raise VocabularyError(f"{spelling[:40] + '…'!r} is longer than {LONGEST_NAME} characters")
    if ";" in spelling:
        raise VocabularyError(f"{spelling!r} holds a semicolon, which stands between genres")
    if canonical_name(spelling) != spelling:
        raise VocabularyError(f"{spelling!r} is read as no genre or as a number, and cannot name one")
    return spelling


def aliases_by_genre(vocabulary: Vocabulary) -> defaultdict[int, list[str]]:
    """The aliases of each term by its key, in the order in which they came."""
    found: defaultdict[int, list[str]] = defaultdict(list)
    for alias in vocabulary.aliases:
        found[alias.genre_id].append(alias.alias)
    return found


def _merge(connection: Connection, vocabulary: Vocabulary, merged: Term, term: Term) -> None:
    """Everything of one term goes to the other, but for its labels and its row."""
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


def _read_anew(connection: Connection, before: Term, after: Term, folded: str | None) -> frozenset[int]:
    """Labels go from one term to another: those written so that they fold to a key, or all."""
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
