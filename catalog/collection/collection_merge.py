"""Merges a collection into another one."""

# File names are bytes; a Path holds text.
# ruff: noqa: PTH113, PTH116, PTH118

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from catalog.collection.collections import prepend_to_paths, sample_paths
from catalog.collection.lost_tracks import recover_lost_tracks
from catalog.collection.naming.file_state import FileState
from catalog.collection.naming.paths import below, display_path, is_within
from catalog.collection.roots import CollectionRootError, collection_id_of, is_root_present, known_roots
from catalog.db.database import Database
from catalog.db.tables import collection, track


@dataclass(frozen=True, slots=True)
class MergeResult:
    """The result of a merge, or of its dry run."""

    source: str
    """The collection that does not exist any more."""
    target: str
    root: str | None
    """The root folder of the target; None for a data set."""
    tracks: int
    """Tracks of the source."""
    without_file: int
    """Tracks of the source whose files are neither in its folder nor in that of the target."""
    is_moved: bool
    """Whether the target has another root than before."""


def merge_collections(database: Database, source: str, target: str, *, dry_run: bool = False) -> MergeResult:
    """Moves all tracks of a collection to another one, with everything about them, and removes the empty collection.

    If the files of the source are in its folder, the root of the target becomes the common parent of both folders.
    Otherwise its tracks are missing until a scan of the target finds their files. If the target has the same
    recording as a track with a person's decision, that track takes over the target's file, so that the decision
    stays. One transaction. Raises CollectionRootError, with nothing changed, if the folders have no common parent
    that is free, or if both have a track with the same external id.
    """
    with database.writer.connect() as connection, connection.begin() as transaction:
        ids = [collection_id_of(connection, name) for name in (source, target)]
        query = sa.select(collection).where(collection.c.id.in_(ids)).order_by(collection.c.id)
        rows = {row.id: row for row in connection.execute(query.with_for_update())}
        if len(rows) < 2:
            raise CollectionRootError(f"{source!r} and {target!r} are the same collection; name two")
        result = _merge(connection, rows[ids[0]], rows[ids[1]])
        if dry_run:
            transaction.rollback()
    return result


def _merge(connection: Connection, source: Row[Any], target: Row[Any]) -> MergeResult:
    _require_different_external_ids(connection, source, target)
    is_there = _has_files(connection, source)
    root = _common_root(connection, source, target) if is_there else target.root_bytes
    if target.root_bytes is not None and not is_within(target.root_bytes, root):
        _clear_paths(connection, target.id)
    elif target.root_bytes is not None and (prefix := below(target.root_bytes, root)):
        prepend_to_paths(connection, target.id, prefix)
    if is_there:
        if prefix := below(source.root_bytes, root):
            prepend_to_paths(connection, source.id, prefix)
        _clear_paths(connection, source.id, _paths_of(target.id))
    elif source.root_bytes is not None:
        _clear_paths(connection, source.id)
    of_source = track.c.collection_id == source.id
    moved = list(connection.execute(sa.select(track.c.id).where(of_source)).scalars())
    connection.execute(sa.update(track).where(of_source).values(collection_id=target.id))
    connection.execute(sa.delete(collection).where(collection.c.id == source.id))
    _update_target(connection, source, target, root)
    recover_lost_tracks(connection)
    is_lost = (
        (track.c.collection_id == target.id) & track.c.path_bytes.is_(None) & (track.c.state == "missing")
    )
    lost = set(connection.execute(sa.select(track.c.id).where(is_lost)).scalars())
    return MergeResult(
        source.name,
        target.name,
        None if root is None else display_path(root),
        tracks=len(moved),
        without_file=len(lost.intersection(moved)),
        is_moved=target.root_bytes is not None and root != target.root_bytes,
    )


def _require_different_external_ids(connection: Connection, source: Row[Any], target: Row[Any]) -> None:
    other = track.alias()
    query = (
        sa.select(track.c.external_id)
        .join(other, other.c.external_id == track.c.external_id)
        .where(track.c.collection_id == source.id, other.c.collection_id == target.id)
        .limit(1)
    )
    shared = connection.execute(query).scalar_one_or_none()
    if shared is not None:
        raise CollectionRootError(
            f"{source.name!r} and {target.name!r} both have a track with the external id {shared!r}; "
            "nothing was changed. Remove one of the two: catalog collections remove NAME"
        )


def _has_files(connection: Connection, source: Row[Any]) -> bool:
    """Whether files of the source are in its folder."""
    return source.root_bytes is not None and any(
        os.path.isfile(os.path.join(source.root_bytes, path)) for path in sample_paths(connection, source.id)
    )


def _common_root(connection: Connection, source: Row[Any], target: Row[Any]) -> bytes:
    """The folder that contains both roots; that of the source if the target has none, or if it is gone."""
    if target.root_bytes is None or not is_root_present(target.root_bytes, target.root_inode):
        return bytes(source.root_bytes)
    root = os.path.commonpath([bytes(source.root_bytes), bytes(target.root_bytes)])
    others = [each for each in known_roots(connection) if each.id not in {source.id, target.id}]
    inside = [each.name for each in others if is_within(each.path, root)]
    if root == b"/" or inside:
        reason = f"also contains the collection {inside[0]!r}" if inside else "is the whole file system"
        raise CollectionRootError(
            f"the common parent of both folders, {display_path(root)}, {reason}; nothing was changed. Move the files "
            f"of {source.name!r} to {display_path(target.root_bytes)} and merge then"
        )
    return root


def _paths_of(collection_id: int) -> sa.Select[Any]:
    has_path = track.c.path_bytes.is_not(None)
    return sa.select(track.c.path_bytes).where(track.c.collection_id == collection_id, has_path)


def _clear_paths(connection: Connection, collection_id: int, paths: sa.Select[Any] | None = None) -> None:
    """Marks tracks of a collection as missing, all or those at some paths; they keep the readable path."""
    is_cleared = (track.c.collection_id == collection_id) & track.c.path_bytes.is_not(None)
    if paths is not None:
        is_cleared &= track.c.path_bytes.in_(paths)
    connection.execute(sa.update(track).where(is_cleared).values(path_bytes=None, state="missing"))


def _update_target(connection: Connection, source: Row[Any], target: Row[Any], root: bytes | None) -> None:
    scans = (source.scanned_at, target.scanned_at)
    values: dict[str, Any] = {
        "tags_complete": source.tags_complete and target.tags_complete,
        "scanned_at": None if None in scans else min(scans),
    }
    if root is not None and root != target.root_bytes:
        inode = FileState.of(os.stat(root)).inode
        values |= {"kind": "folder", "root": display_path(root), "root_bytes": root, "root_inode": inode}
    connection.execute(sa.update(collection).where(collection.c.id == target.id).values(values))
