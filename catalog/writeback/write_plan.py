"""The plan of a write: which files say another genre than the person who decided last."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.collection.naming.albums import fold_album
from catalog.collection.naming.artists import fold_artist
from catalog.collection.statements import ORIGIN_CATALOG
from catalog.db.tables import album, artist, collection, label, statement, track, track_status
from catalog.errors import CatalogError
from catalog.genres.vocabulary import Vocabulary, genres_in

CHUNK = 5_000

CHANGED_SINCE = "its genre was changed in the file after the decision; decide again (catalog sql conflicts), or name the track"


class NothingSelectedError(CatalogError):
    """A filter names what the catalog does not have."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which tracks may be written; nothing chosen means all on which a person has decided."""

    collection: str | None = None
    artist: str | None = None
    album: str | None = None
    genre: str | None = None
    """A genre that was decided for."""
    track_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class TagChange:
    """A file whose genre is to be written."""

    track_id: int
    statement_id: int
    """What the person said."""
    root: bytes
    path: bytes
    """Relative to the root."""
    shown: str
    """The path, for people."""
    size: int | None
    mtime_ns: int | None
    file_signature: str | None
    before: str
    """The genre tag as the file says it; empty where it says nothing."""
    names: tuple[str, ...]
    """The genres to write, in the house's spelling; none takes the tag away."""

    @property
    def after(self) -> str:
        """The genres to write, as one text for people."""
        return "; ".join(self.names)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A track whose decision is not for this file, or not for any."""

    track_id: int
    shown: str
    reason: str


@dataclass(slots=True)
class Plan:
    """What is to be done."""

    changes: list[TagChange] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    agreeing: int = 0
    """Files that say already what people decided."""


def plan_changes(connection: Connection, selection: Selection, vocabulary: Vocabulary) -> Plan:
    """The files of present tracks whose current statement is a person's and not what the file says.

    Only what people decided is ever written, never a prediction. The comparison is by genres: a file that says `rock`
    where Rock was decided is not touched. A genre that somebody changed in the file after the decision is left, unless
    the track is chosen by name. Raises NothingSelectedError.
    """
    plan = Plan()
    rows = connection.execute(_decided(connection, selection, vocabulary)).all()
    for start in range(0, len(rows), CHUNK):
        part = rows[start : start + CHUNK]
        said = _stated_by_files(connection, [row.id for row in part])
        wanted = _labels(connection, [row.statement_id for row in part])
        for row in part:
            newest = said.get(row.id)
            before = "" if newest is None else newest.as_written or ""
            names, refused = _spelled(wanted.get(row.statement_id, []), vocabulary)
            is_same = _ids(genres_in([before], vocabulary), vocabulary) == _ids(names, vocabulary)
            if refused and not names:
                reason = f"{' and '.join(refused)} may not be written to files; see: catalog genres export"
                plan.left_out.append(LeftOut(row.id, row.path, reason))
            elif is_same:
                plan.agreeing += 1
            elif _is_news(newest, row.statement_id) and row.id not in selection.track_ids:
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
        row.size,
        row.mtime_ns,
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
            track.c.file_signature,
        )
        .join_from(track_status, statement, statement.c.id == track_status.c.statement_id)
        .join(track, track.c.id == track_status.c.track_id)
        .join(collection, collection.c.id == track.c.collection_id)
        .where(
            statement.c.source == "person",
            track.c.state == "present",
            track.c.path_bytes.is_not(None),
            collection.c.root_bytes.is_not(None),
        )
        .order_by(collection.c.id, track.c.path_bytes)
    )
    if selection.collection is not None:
        named = sa.select(collection.c.id).where(collection.c.name == selection.collection)
        if connection.execute(named).first() is None:
            raise NothingSelectedError(
                f"there is no collection {selection.collection!r}; see: catalog collections list"
            )
        query = query.where(collection.c.name == selection.collection)
    if selection.artist is not None:
        query = query.join(artist, artist.c.id == track.c.artist_id)
        query = query.where(artist.c.folded == fold_artist(selection.artist))
    if selection.album is not None:
        query = query.join(album, album.c.id == track.c.album_id)
        query = query.where(album.c.folded == fold_album(selection.album))
    if selection.genre is not None:
        term = vocabulary.resolve(selection.genre)
        if term is None:
            raise NothingSelectedError(
                f"the vocabulary has no genre {selection.genre!r}; see: catalog genres list"
            )
        of_genre = sa.exists().where(label.c.statement_id == statement.c.id, label.c.genre_id == term.id)
        query = query.where(of_genre)
    if selection.track_ids:
        query = query.where(track.c.id.in_(selection.track_ids))
    return query


def _stated_by_files(connection: Connection, track_ids: Sequence[int]) -> dict[int, sa.Row[Any]]:
    """The newest statement of each track's file: what its tag says, as far as the catalog knows."""
    newest = (
        sa.select(sa.func.max(statement.c.id))
        # As an expression: SQLite would search by the index of withdraws_id, where nearly all are NULL.
        .where(
            statement.c.track_id.in_(track_ids),
            statement.c.source == "file",
            sa.func.coalesce(statement.c.withdraws_id, 0) == 0,
        )
        .group_by(statement.c.track_id)
    )
    columns: list[sa.Column[Any]] = [
        statement.c.track_id,
        statement.c.id,
        statement.c.origin,
        statement.c.as_written,
    ]
    rows = connection.execute(sa.select(*columns).where(statement.c.id.in_(newest)))
    return {row.track_id: row for row in rows}


def _is_news(newest: sa.Row[Any] | None, decided: int) -> bool:
    """Whether a file says what it says since after a decision, and not because we wrote it."""
    return newest is not None and newest.id > decided and newest.origin != ORIGIN_CATALOG


def _labels(connection: Connection, statement_ids: Sequence[int]) -> dict[int, list[int]]:
    """The genres of statements, in order."""
    found: dict[int, list[int]] = defaultdict(list)
    query = sa.select(label.c.statement_id, label.c.genre_id).where(label.c.statement_id.in_(statement_ids))
    for statement_id, genre_id in connection.execute(query.order_by(label.c.statement_id, label.c.rank)):
        found[statement_id].append(genre_id)
    return found


def _spelled(genre_ids: Sequence[int], vocabulary: Vocabulary) -> tuple[list[str], list[str]]:
    """The names that may be written, and those that may not. A term that was merged into another is that."""
    names: dict[str, None] = {}
    refused = []
    for genre_id in genre_ids:
        term = vocabulary.by_id[genre_id]
        term = vocabulary.known(term.name) or term
        if term.write:
            names[term.name] = None
        else:
            refused.append(term.name)
    return list(names), refused


def _ids(names: Sequence[str], vocabulary: Vocabulary) -> list[int | None]:
    found = [vocabulary.resolve(name) for name in names]
    return list(dict.fromkeys(None if term is None else term.id for term in found))
