"""The spellings of genres in a collection, with the vocabulary's term for each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.tables import genre, label, statement, track, track_status
from catalog.db.track_query import IS_LISTED
from catalog.genres.genre_tag import canonical_name
from catalog.genres.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class Spelling:
    """One spelling of a genre."""

    as_written: str
    genre: str | None
    """The preferred spelling; None for a word that is not a genre."""
    broader: str | None
    is_known: bool
    """Whether the vocabulary has it; otherwise the files added it."""
    tracks: int


def genre_spellings(connection: Connection, collection_id: int | None = None) -> list[Spelling]:
    """The spellings in the current statements of tracks that are not missing, by descending number of tracks."""
    broader = genre.alias("broader")
    tracks = sa.func.count().label("tracks")
    within = [IS_LISTED]
    if collection_id is not None:
        within.append(track.c.collection_id == collection_id)
    genres = (
        sa.select(label.c.as_written, genre.c.name, broader.c.name, genre.c.origin != "file", tracks)
        .join_from(track_status, track, track.c.id == track_status.c.track_id)
        .join(label, label.c.statement_id == track_status.c.statement_id)
        .join(genre, genre.c.id == label.c.genre_id)
        .join(broader, broader.c.id == genre.c.parent_id, isouter=True)
        .where(*within)
        .group_by(label.c.as_written, genre.c.id, genre.c.name, broader.c.name, genre.c.origin)
    )
    no_genre = (
        sa.select(statement.c.as_written, tracks)
        .join_from(track_status, track, track.c.id == track_status.c.track_id)
        .join(statement, statement.c.id == track_status.c.statement_id)
        .where(*within, track_status.c.tagged_genre_id.is_(None), statement.c.as_written != "")
        .group_by(statement.c.as_written)
    )
    spellings = [Spelling(*row) for row in connection.execute(genres)]
    spellings += [
        Spelling(written, None, None, is_known=True, tracks=count)
        for written, count in connection.execute(no_genre)
    ]
    return sorted(spellings, key=lambda spelling: (-spelling.tracks, spelling.as_written))


def spellings_of(vocabulary: Vocabulary, written: Mapping[str, int]) -> list[Spelling]:
    """As `genre_spellings`, for genres that are not in the database. `written` gives the number of tracks."""
    spellings = [_spelling(vocabulary, text, tracks) for text, tracks in written.items()]
    return sorted(spellings, key=lambda spelling: (-spelling.tracks, spelling.as_written))


def _spelling(vocabulary: Vocabulary, written: str, tracks: int) -> Spelling:
    term = vocabulary.resolve(written)
    if term is not None:
        above = None if term.parent_id is None else vocabulary.by_id[term.parent_id].name
        return Spelling(written, term.name, above, term.origin != "file", tracks)
    name = canonical_name(written)
    broader = None if name is None else vocabulary.parent_for(name)
    return Spelling(written, name, None if broader is None else broader.name, name is None, tracks)
