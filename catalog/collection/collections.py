"""Collections as a whole: listing, moving and removing them."""

# Names are bytes here, and a Path is text.
# ruff: noqa: PTH112, PTH113, PTH118

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.collection.naming.paths import below, display_path, is_within
from catalog.collection.removal import Removed, remove_tracks
from catalog.collection.roots import CollectionRootError, known_roots
from catalog.db.database import Database
from catalog.db.tables import collection, track

LOOKED_FOR = 200
"""Files that are looked for before a collection is moved."""


@dataclass(frozen=True, slots=True)
class ListedCollection:
    """A collection as a person looks at it."""

    id: int
    name: str
    kind: str
    root: str | None
    present: int
    missing: int
    metadata: int
    """Tracks without a file."""
    tags_complete: bool
    """Whether a genre that a track was not given is denied; otherwise it is unknown."""
    added_at: datetime
    scanned_at: datetime | None


@dataclass(frozen=True, slots=True)
class Moved:
    """What a move did, or would do."""

    name: str
    root: str
    """Where the collection is now."""
    tracks: int
    widened: bool
    """Whether the new root lies around the old one, and the paths are longer now."""


def list_collections(connection: Connection) -> list[ListedCollection]:
    """All collections by name, with how many of their tracks are in which state."""
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
) -> Moved:
    """Tells the catalog that a collection's files are at another root now; the files themselves are not touched.

    Where the new root lies around the old one and the files are where they were, the collection is widened: its paths
    become relative to the new root. Raises CollectionRootError, with nothing changed, where most files of the collection
    are not there, and where another collection overlaps.
    """
    folder = os.path.realpath(os.fsencode(new_root))
    if not os.path.isdir(folder):
        raise CollectionRootError(f"{display_path(folder)} is no folder")
    with database.writer.connect() as connection, connection.begin() as transaction:
        key, old = _require(connection, name)
        if old is None:
            raise CollectionRootError(f"{name!r} is a data set without a folder; there is nothing to move")
        for each in known_roots(connection):
            if each.id != key and (is_within(each.path, folder) or is_within(folder, each.path)):
                raise CollectionRootError(
                    f"{display_path(folder)} overlaps the collection {each.name!r} ({display_path(each.path)}); "
                    f"remove that first: catalog collections remove {each.name!r}"
                )
        prefix = _prefix(connection, key, old, folder)
        tracks = _count(connection, key)
        values = {"root": display_path(folder), "root_bytes": folder}
        connection.execute(sa.update(collection).where(collection.c.id == key).values(**values))
        if prefix:
            _lengthen(connection, key, prefix)
        if dry_run:
            transaction.rollback()
    return Moved(name, display_path(folder), tracks, widened=bool(prefix))


def remove_collection(database: Database, name: str, *, dry_run: bool = False) -> Removed:
    """Removes a collection with all that is known of its tracks; files are not touched.

    Gives what was removed, so that a dry run can be asked about before. Raises CollectionRootError for an unknown name.
    """
    with database.writer.connect() as connection, connection.begin() as transaction:
        key, _ = _require(connection, name)
        ids = connection.execute(sa.select(track.c.id).where(track.c.collection_id == key)).scalars().all()
        removed = remove_tracks(connection, ids)
        connection.execute(sa.delete(collection).where(collection.c.id == key))
        if dry_run:
            transaction.rollback()
    return removed


def set_tags_complete(database: Database, name: str, *, complete: bool, dry_run: bool = False) -> bool:
    """Says whether the tracks of a collection carry all their genres, and gives whether that is new.

    Scores of several genres a track count a genre that was not given as wrong there, and nowhere else. Raises
    CollectionRootError where there is no such collection.
    """
    with database.write() as connection:
        key, _ = _require(connection, name)
        changed = sa.and_(collection.c.id == key, collection.c.tags_complete != complete)
        if dry_run:
            return connection.execute(sa.select(collection.c.id).where(changed)).first() is not None
        return (
            connection.execute(sa.update(collection).where(changed).values(tags_complete=complete)).rowcount
            > 0
        )


def _require(connection: Connection, name: str) -> tuple[int, bytes | None]:
    query = sa.select(collection.c.id, collection.c.root_bytes).where(collection.c.name == name)
    row = connection.execute(query).one_or_none()
    if row is None:
        names = connection.execute(sa.select(collection.c.name).order_by(collection.c.name)).scalars().all()
        listed = ", ".join(repr(each) for each in names[:10]) or "none yet; begin with: catalog scan FOLDER"
        raise CollectionRootError(f"there is no collection {name!r}; there are: {listed}")
    return row


def _prefix(connection: Connection, key: int, old: bytes, new: bytes) -> bytes:
    """What the paths get in front: empty where the folder was moved or renamed as a whole."""
    query = sa.select(track.c.path_bytes).where(track.c.collection_id == key, track.c.path_bytes.is_not(None))
    # Spread over the whole collection, and the same in every run.
    paths = list(connection.execute(query.order_by(track.c.id)).scalars())
    paths = paths[:: max(1, len(paths) // LOOKED_FOR)]
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
            f"only {max(moved, widened)} of {len(paths)} files that were looked for are in {display_path(new)}; "
            f"not there is {display_path(first)}"
        )
    return around if widened > moved else b""


def _lengthen(connection: Connection, key: int, prefix: bytes) -> None:
    query = sa.select(track.c.id, track.c.path, track.c.path_bytes).where(track.c.collection_id == key)
    rows = [
        {
            "track_key": row.id,
            "path": None if row.path is None else f"{display_path(prefix)}/{row.path}",
            "path_bytes": None if row.path_bytes is None else prefix + b"/" + row.path_bytes,
        }
        for row in connection.execute(query)
    ]
    # Longest first: a longer path may be the shorter one of another track with the prefix in front.
    rows.sort(key=lambda row: len(row["path_bytes"] or b""), reverse=True)
    if rows:
        connection.execute(sa.update(track).where(track.c.id == sa.bindparam("track_key")), rows)


def _count(connection: Connection, key: int) -> int:
    query = sa.select(sa.func.count()).select_from(track).where(track.c.collection_id == key)
    return int(connection.execute(query).scalar_one())
