"""Recognizes the folder of a known collection under a new name, so that its files do not come in a second time."""

# File names are bytes; a Path holds text.
# ruff: noqa: PTH110, PTH116, PTH118, PTH120

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from catalog.collection.naming.file_state import FileState
from catalog.collection.naming.paths import below, display_path, is_within
from catalog.collection.roots import CollectionRootError, KnownRoot, Root, find_root, known_roots
from catalog.db.tables import track

FILES_CHECKED = 200
"""Number of files that are looked up in the new folder."""


def find_scan_root(connection: Connection, path: bytes, name: str | None = None) -> Root:
    """The root for a path to scan, as `find_root`; of a collection whose folder was renamed, with its old path.

    The folder is that collection if most of its files have the inode and times of the collection's tracks, and none
    is at its old place. If they have only the sizes and modification times, they may be a copy; then
    CollectionRootError says how to go on, unless a name is given.
    """
    root = find_root(connection, path, name)
    if root.collection_id is not None:
        return root
    roots = known_roots(connection)
    gone = {
        known: rows
        for known in roots
        if (rows := _sample(connection, known)) and not any(_exists(known.path, row) for row in rows)
    }
    for place in _places(root.path):
        moved = [known for known, rows in gone.items() if _holds(place, rows, with_inode=True)]
        others = [known for known in roots if known not in moved and is_within(known.path, place)]
        if len(moved) == 1 and not others:
            (only,) = moved
            return Root(only.id, name or only.name, place, below(root.scan_start, place), old_path=only.path)
    copied = [known for known, rows in gone.items() if _holds(root.path, rows, with_inode=False)]
    if copied and name is None and root.is_whole_collection:
        raise CollectionRootError(_ambiguous(root.path, copied[0]))
    return root


def _places(folder: bytes) -> Iterator[bytes]:
    """A folder and those around it: a part of a renamed folder may be scanned."""
    while folder != b"/":
        yield folder
        folder = os.path.dirname(folder)


def _holds(folder: bytes, rows: Sequence[Row[Any]], *, with_inode: bool) -> bool:
    """Whether most of the tracks have their files in a folder."""
    return 2 * sum(_is_same_file(folder, row, with_inode=with_inode) for row in rows) >= len(rows)


def _sample(connection: Connection, root: KnownRoot) -> Sequence[Row[Any]]:
    """Tracks spread evenly over the collection, the same in every run."""
    columns = [track.c[name] for name in ("path_bytes", *FileState._fields)]
    query = sa.select(*columns).order_by(track.c.id)
    has_file = (track.c.collection_id == root.id) & track.c.path_bytes.is_not(None)
    is_present = has_file & (track.c.state == "present")
    for condition in (is_present, has_file):
        rows = connection.execute(query.where(condition)).all()
        if rows:
            return rows[:: max(1, len(rows) // FILES_CHECKED)]
    return []


def _exists(root: bytes, row: Row[Any]) -> bool:
    return os.path.exists(os.path.join(root, row.path_bytes))


def _is_same_file(root: bytes, row: Row[Any], *, with_inode: bool) -> bool:
    try:
        state = FileState.of(os.stat(os.path.join(root, row.path_bytes)))
    except OSError:
        return False
    known = FileState(row.size, row.mtime_ns, row.ctime_ns, row.inode)
    return state == known if with_inode else state[:2] == known[:2]


def _ambiguous(folder: bytes, known: KnownRoot) -> str:
    shown = display_path(folder)
    return (
        f"{shown} holds the files of the collection {known.name!r}, which are no longer in "
        f"{display_path(known.path)}; nothing was changed. If they moved: "
        f"catalog collections move {known.name!r} {shown!r}. If this is a copy: catalog scan --name NAME {shown!r}"
    )
