"""The spellings of genre that the files of a collection have, and what the vocabulary makes of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.tables import genre, label, statement, track, track_status
from catalog.genres.genre_tag import canonical_name
from catalog.genres.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class Spelling:
    """One way to write a genre, as found."""

    as_written: str
    genre: str | None
    """The house's spelling; None for words that are no genre."""
    broader: str | None
    is_known: bool
    """Whether the vocabulary had it; else the files brought it."""
    tracks: int


def genre_spellings(connection: Connection, collection_id: int | None = None) -> list[Spelling]:
    """The spellings in the current statements of tracks that are not missing, the commonest first."""
    broader = genre.alias("broader")
    tracks = sa.func.count().label("tracks")
    within = [track.c.state != "missing"]
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
    found = [Spelling(*row) for row in connection.execute(genres)]
    found += [
        Spelling(written, None, None, is_known=True, tracks=count)
        for written, count in connection.execute(no_genre)
    ]
    return sorted(found, key=lambda each: (-each.tracks, each.as_written))


def spellings_of(vocabulary: Vocabulary, written: Mapping[str, int]) -> list[Spelling]:
    """The same for genres as written that are not in the database, with their number of tracks."""
    found = [_spelling(vocabulary, text, tracks) for text, tracks in written.items()]
    return sorted(found, key=lambda each: (-each.tracks, each.as_written))


def _spelling(vocabulary: Vocabulary, written: str, tracks: int) -> Spelling:
    term = vocabulary.resolve(written)
    if term is not None:
        above = None if term.parent_id is None else vocabulary.by_id[term.parent_id].name
        return Spelling(written, term.name, above, term.origin != "file", tracks)
    name = canonical_name(written)
    broader = None if name is None else vocabulary.parent_for(name)
    return Spelling(written, name, None if broader is None else broader.name, name is None, tracks)
