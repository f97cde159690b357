"""Recognizes the folder of a known collection under a new name, so that its files do not come in a second time."""

# File names are bytes; a Path holds text.
# ruff: noqa: PTH110, PTH116, PTH118

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from catalog.collection.naming.file_state import FileState
from catalog.collection.naming.paths import display_path
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
    if root.collection_id is not None or root.start:
        return root
    known = known_roots(connection)
    moved, copied = [], []
    for candidate in known:
        rows = _sample(connection, candidate)
        if not rows or any(_exists(candidate.path, row) for row in rows):
            continue
        if 2 * sum(_is_same_file(root.path, row, with_inode=True) for row in rows) >= len(rows):
            moved.append(candidate)
        elif 2 * sum(_is_same_file(root.path, row, with_inode=False) for row in rows) >= len(rows):
            copied.append(candidate)
    if len(moved) == 1:
        (only,) = moved
        new_name = only.name if name is None else name
        return replace(root, collection_id=only.id, name=new_name, old_path=only.path)
    if (moved or copied) and name is None:
        raise CollectionRootError(_ambiguous(root.path, [*moved, *copied]))
    return root


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


def _ambiguous(folder: bytes, candidates: Sequence[KnownRoot]) -> str:
    first = candidates[0]
    shown = display_path(folder)
    return (
        f"{shown} holds the files of the collection {first.name!r}, which are no longer in "
        f"{display_path(first.path)}; nothing was changed. If they moved: "
        f"catalog collections move {first.name!r} {shown!r}. If this is a copy: catalog scan --name NAME {shown!r}"
    )
