"""Lists, moves, renames and removes collections."""

# File names are bytes; a Path holds text.
# ruff: noqa: PTH112, PTH113, PTH116, PTH118

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.collection.naming.file_state import FileState
from catalog.collection.naming.paths import below, display_path, is_within
from catalog.collection.removal import RemovalResult, remove_tracks
from catalog.collection.roots import CollectionRootError, collection_id_of, known_roots
from catalog.db.database import Database
from catalog.db.tables import collection, track

FILES_CHECKED = 200
"""Number of files that must be found before a collection is moved."""


@dataclass(frozen=True, slots=True)
class ListedCollection:
    """A collection with the number of its tracks by state."""

    id: int
    name: str
    kind: str
    root: str | None
    present: int
    missing: int
    metadata: int
    """Tracks without a file."""
    tags_complete: bool
    """Whether a track is known not to have the genres that its source left out; otherwise they are unknown."""
    added_at: datetime
    scanned_at: datetime | None


@dataclass(frozen=True, slots=True)
class MoveResult:
    """The result of a move, or of its dry run."""

    name: str
    root: str
    """The new root folder."""
    tracks: int
    widened: bool
    """Whether the new root contains the old one, so that paths became longer."""


def list_collections(connection: Connection) -> list[ListedCollection]:
    """All collections by name, with the number of their tracks by state."""
    column = collection.c

    def in_state(state: str) -> sa.Function[int]:
        return sa.func.count(sa.case((track.c.state == state, 1)))

    rows = connection.execute(
        sa.select(
            column.id,
            column.name,
            column.kind,
            column.root,
            in_state("present"),
            in_state("missing"),
            in_state("metadata"),
            column.tags_complete,
            column.added_at,
            column.scanned_at,
        )
        .join_from(collection, track, isouter=True)
        .group_by(column.id)
        .order_by(column.name)
    )
    return [ListedCollection(*row) for row in rows]


def move_collection(
    database: Database, name: str, new_root: Path | str | bytes, *, dry_run: bool = False
) -> MoveResult:
    """Changes the root folder of a collection whose files were moved; the files are not changed.

    If the new root contains the old one and the files are still there, the collection is extended: its paths become
    relative to the new root. Raises CollectionRootError, with nothing changed, if most files are not in the new root
    or if it overlaps another collection.
    """
    folder = os.path.realpath(os.fsencode(new_root))
    if not os.path.isdir(folder):
        raise CollectionRootError(f"{display_path(folder)} is not a folder")
    with database.writer.connect() as connection, connection.begin() as transaction:
        key = collection_id_of(connection, name)
        query = sa.select(collection.c.root_bytes).where(collection.c.id == key)
        old = connection.execute(query).scalar_one()
        if old is None:
            raise CollectionRootError(f"{name!r} is a data set without a folder and cannot be moved")
        for root in known_roots(connection):
            if root.id != key and (is_within(root.path, folder) or is_within(folder, root.path)):
                raise CollectionRootError(
                    f"{display_path(folder)} overlaps the collection {root.name!r} ({display_path(root.path)}); "
                    f"to join the two: catalog collections merge {name!r} {root.name!r}"
                )
        prefix = _prefix(connection, key, old, folder)
        tracks = _count(connection, key)
        inode = FileState.of(os.stat(folder)).inode
        values = {"root": display_path(folder), "root_bytes": folder, "root_inode": inode}
        connection.execute(sa.update(collection).where(collection.c.id == key).values(**values))
        if prefix:
            prepend_to_paths(connection, key, prefix)
        if dry_run:
            transaction.rollback()
    return MoveResult(name, display_path(folder), tracks, widened=bool(prefix))


def rename_collection(database: Database, name: str, new_name: str, *, dry_run: bool = False) -> None:
    """Renames a collection. Raises CollectionRootError for an unknown or empty name, or one that is taken."""
    if not new_name.strip():
        raise CollectionRootError("the new name is empty")
    with database.writer.connect() as connection, connection.begin() as transaction:
        key = collection_id_of(connection, name)
        is_taken = sa.and_(collection.c.name == new_name, collection.c.id != key)
        if connection.execute(sa.select(collection.c.id).where(is_taken)).first() is not None:
            raise CollectionRootError(
                f"another collection is called {new_name!r} already; choose another name"
            )
        connection.execute(sa.update(collection).where(collection.c.id == key).values(name=new_name))
        if dry_run:
            transaction.rollback()


def remove_collection(database: Database, name: str, *, dry_run: bool = False) -> RemovalResult:
    """Removes a collection with its tracks and everything about them; files are not changed.

    Returns what was removed, or would be in a dry run. Raises CollectionRootError for an unknown name.
    """
    with database.writer.connect() as connection, connection.begin() as transaction:
        key = collection_id_of(connection, name)
        ids = connection.execute(sa.select(track.c.id).where(track.c.collection_id == key)).scalars().all()
        removed = remove_tracks(connection, ids)
        connection.execute(sa.delete(collection).where(collection.c.id == key))
        if dry_run:
            transaction.rollback()
    return removed


def set_tags_complete(database: Database, name: str, *, complete: bool, dry_run: bool = False) -> bool:
    """Sets whether the tracks of a collection have all their genres; returns whether that is a change.

    Multi-label scores count a predicted genre that a track lacks as wrong only in such collections. Raises
    CollectionRootError for an unknown name.
    """
    with database.write() as connection:
        key = collection_id_of(connection, name)
        changed = sa.and_(collection.c.id == key, collection.c.tags_complete != complete)
        if dry_run:
            return connection.execute(sa.select(collection.c.id).where(changed)).first() is not None
        update = sa.update(collection).where(changed).values(tags_complete=complete)
        return connection.execute(update).rowcount > 0


def _prefix(connection: Connection, key: int, old: bytes, new: bytes) -> bytes:
    """The prefix that the paths get: empty if the folder was moved or renamed as a whole."""
    paths = sample_paths(connection, key)
    if not paths:
        return b""
    around = below(old, new) if is_within(old, new) else b""
    moved = sum(os.path.isfile(os.path.join(new, path)) for path in paths)
    widened = sum(os.path.isfile(os.path.join(new, around, path)) for path in paths) if around else 0
    if 2 * max(moved, widened) < len(paths):
        first = next(
            path
            for path in paths
            if not os.path.isfile(os.path.join(new, path))
            or not os.path.isfile(os.path.join(new, around, path))
        )
        raise CollectionRootError(
            f"only {max(moved, widened)} of {len(paths)} checked files are in {display_path(new)}; "
            f"not found: {display_path(first)}"
        )
    return around if widened > moved else b""


def sample_paths(connection: Connection, collection_id: int) -> list[bytes]:
    """Paths of up to about FILES_CHECKED tracks, spread evenly over the collection and the same in every run."""
    has_path = (track.c.collection_id == collection_id) & track.c.path_bytes.is_not(None)
    paths = list(
        connection.execute(sa.select(track.c.path_bytes).where(has_path).order_by(track.c.id)).scalars()
    )
    return paths[:: max(1, len(paths) // FILES_CHECKED)]


def prepend_to_paths(connection: Connection, key: int, prefix: bytes) -> None:
    """Puts a folder in front of the paths of all tracks of a collection."""
    query = sa.select(track.c.id, track.c.path, track.c.path_bytes).where(track.c.collection_id == key)
    rows = [
        {
            "track_key": row.id,
            "path": None if row.path is None else f"{display_path(prefix)}/{row.path}",
            "path_bytes": None if row.path_bytes is None else prefix + b"/" + row.path_bytes,
        }
        for row in connection.execute(query)
    ]
    # Longest first: a longer path may equal the shorter path of another track with the prefix.
    rows.sort(key=lambda row: len(row["path_bytes"] or b""), reverse=True)
    if rows:
        connection.execute(sa.update(track).where(track.c.id == sa.bindparam("track_key")), rows)


def _count(connection: Connection, key: int) -> int:
    query = sa.select(sa.func.count()).select_from(track).where(track.c.collection_id == key)
    return int(connection.execute(query).scalar_one())
