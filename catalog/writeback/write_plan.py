"""The plan of a write: the files whose genre differs from the newest decision of a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.batches import chunks
from catalog.collection.naming.albums import fold_album
from catalog.collection.naming.artists import fold_artist
from catalog.collection.naming.file_state import FileState
from catalog.collection.roots import collection_id_of
from catalog.collection.statements import ORIGIN_CATALOG, genre_ids_of_statements, newest_statements
from catalog.db.tables import album, artist, collection, label, statement, track, track_status
from catalog.db.track_query import HAS_FILE
from catalog.genres.vocabulary import Vocabulary, genres_in

CHANGED_SINCE = (
    "its genre was changed in the file after the decision; decide again (list: catalog sql conflicts), "
    "or name the track to write it"
)


@dataclass(frozen=True, slots=True)
class Selection:
    """Filters for the tracks to write; without any, all tracks with a decision."""

    collection: str | None = None
    artist: str | None = None
    album: str | None = None
    genre: str | None = None
    """A genre of the decision."""
    track_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class TagChange:
    """A file to be written."""

    track_id: int
    statement_id: int
    """The decision."""
    root: bytes
    path: bytes
    """Relative to the root."""
    shown: str
    """The path, for display."""
    state: FileState
    """At the last scan."""
    file_signature: str | None
    before: str
    """The genre tag of the file; empty if it has none."""
    names: tuple[str, ...]
    """The genres to write, in the preferred spelling; an empty tuple removes the tag."""

    @property
    def after(self) -> str:
        """The genres to write, as one text for display."""
        return "; ".join(self.names)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A track whose decision is not written."""

    track_id: int
    shown: str
    reason: str


@dataclass(slots=True)
class Plan:
    """The changes, and the decisions that need none."""

    changes: list[TagChange] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    agreeing: list[TagChange] = field(default_factory=list)
    """Files whose genre is that of the decision, as far as the catalog knows; see `write_run.compare_with_files`."""


def plan_changes(connection: Connection, selection: Selection, vocabulary: Vocabulary) -> Plan:
    """Plans the write of all present tracks whose current statement is a person's and differs from the file.

    Only decisions of people are written, never predictions. Genres are compared as terms: a file with `rock` is not
    changed if the decision is Rock. A genre that was changed in the file after the decision is kept, unless the track
    is named in `selection`. Raises UnknownGenreError or CollectionRootError for an unknown filter.
    """
    plan = Plan()
    for rows in chunks(connection.execute(_decided(connection, selection, vocabulary)).all()):
        of_files = newest_statements(connection, "file", [row.id for row in rows])
        decided = genre_ids_of_statements(connection, [row.statement_id for row in rows])
        for row in rows:
            of_file = of_files.get(row.id)
            before = "" if of_file is None else of_file.as_written
            names, refused = _spelled(decided.get(row.statement_id, ()), vocabulary)
            is_same = has_same_genres([before], names, vocabulary)
            if refused and not names:
                reason = f"{' and '.join(refused)} may not be written to files; see: catalog genres export"
                plan.left_out.append(LeftOut(row.id, row.path, reason))
            elif is_same:
                plan.agreeing.append(_change(row, before, names))
            elif _is_newer(of_file, row.statement_id) and row.id not in selection.track_ids:
                plan.left_out.append(LeftOut(row.id, row.path, CHANGED_SINCE))
            else:
                plan.changes.append(_change(row, before, names))
    return plan


def _change(row: Any, before: str, names: Sequence[str]) -> TagChange:
    return TagChange(
        row.id,
        row.statement_id,
        row.root_bytes,
        row.path_bytes,
        row.path,
        FileState(row.size, row.mtime_ns, row.ctime_ns, row.inode),
        row.file_signature,
        before,
        tuple(names),
    )


def _decided(connection: Connection, selection: Selection, vocabulary: Vocabulary) -> sa.Select[Any]:
    query = (
        sa.select(
            track.c.id,
            track_status.c.statement_id,
            collection.c.root_bytes,
            track.c.path_bytes,
            track.c.path,
            track.c.size,
            track.c.mtime_ns,
            track.c.ctime_ns,
            track.c.inode,
            track.c.file_signature,
        )
        .join_from(track_status, statement, statement.c.id == track_status.c.statement_id)
        .join(track, track.c.id == track_status.c.track_id)
        .join(collection, collection.c.id == track.c.collection_id)
        .where(
            statement.c.source == "person",
            HAS_FILE,
            track.c.path_bytes.is_not(None),
            collection.c.root_bytes.is_not(None),
        )
        .order_by(collection.c.id, track.c.path_bytes)
    )
    if selection.collection is not None:
        collection_id = collection_id_of(connection, selection.collection)
        query = query.where(collection.c.id == collection_id)
    if selection.artist is not None:
        query = query.join(artist, artist.c.id == track.c.artist_id)
        query = query.where(artist.c.folded == fold_artist(selection.artist))
    if selection.album is not None:
        query = query.join(album, album.c.id == track.c.album_id)
        query = query.where(album.c.folded == fold_album(selection.album))
    if selection.genre is not None:
        genre_id = vocabulary.require(selection.genre).id
        of_genre = sa.exists().where(label.c.statement_id == statement.c.id, label.c.genre_id == genre_id)
        query = query.where(of_genre)
    if selection.track_ids:
        query = query.where(track.c.id.in_(selection.track_ids))
    return query


def _is_newer(of_file: sa.Row[Any] | None, decision: int) -> bool:
    """Whether the genre of a file was changed after a decision by another program."""
    return of_file is not None and of_file.id > decision and of_file.origin != ORIGIN_CATALOG


def _spelled(genre_ids: Sequence[int], vocabulary: Vocabulary) -> tuple[list[str], list[str]]:
    """The names that may be written, and those that may not; a merged term counts as the term it was merged into."""
    names: dict[str, None] = {}
    refused = []
    for genre_id in genre_ids:
        term = vocabulary.by_id[genre_id]
        term = vocabulary.by_spelling(term.name) or term
        if term.write:
            names[term.name] = None
        else:
            refused.append(term.name)
    return list(names), refused


def has_same_genres(values: Sequence[str], names: Sequence[str], vocabulary: Vocabulary) -> bool:
    """Whether the values of a genre field stand for these genres, in this order, whatever their spelling."""
    return _term_ids(genres_in(values, vocabulary), vocabulary) == _term_ids(names, vocabulary)


def _term_ids(names: Sequence[str], vocabulary: Vocabulary) -> list[int | None]:
    terms = [vocabulary.resolve(name) for name in names]
    return list(dict.fromkeys(None if term is None else term.id for term in terms))
