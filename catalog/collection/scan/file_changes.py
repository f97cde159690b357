"""Tells which files have changed since their tags were read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Row

from catalog.collection.naming.file_state import FileState
from catalog.collection.scan.file_tags import TAG_READER
from catalog.collection.scan.walk import FoundFile
from catalog.db.database import Database
from catalog.db.tables import track

FEW_FILES = 50
"""Files that are read again without asking whether inodes are stable."""


def tracks_at(database: Database, collection_id: int | None, paths: Sequence[bytes]) -> dict[bytes, Row[Any]]:
    """The tracks of a collection by path, with the states of their files."""
    columns = [track.c[name] for name in ("id", "path_bytes", "state", "tag_reader", *FileState._fields)]
    query = sa.select(*columns).where(track.c.collection_id == collection_id, track.c.path_bytes.in_(paths))
    with database.read() as connection:
        return {row.path_bytes: row for row in connection.execute(query)}


def has_changed(file: FoundFile, row: Row[Any], *, with_inode: bool) -> bool:
    """Whether a file is not the one that the track's tags were read from, or an older reader read them."""
    known = _state(row)
    return (
        int(row.tag_reader or 0) < TAG_READER
        or file.state.times != known.times
        or (with_inode and file.state.inode != known.inode)
    )


def has_stable_inodes(files: Sequence[FoundFile], tracks: Mapping[bytes, Row[Any]]) -> bool:
    """Whether inodes tell files apart: some network and removable disks assign new numbers with every mount."""
    known = [(file, row) for file in files if (row := tracks.get(file.path)) is not None]
    same = [(file, row) for file, row in known if file.state.times == _state(row).times]
    renumbered = sum(file.state.inode != _state(row).inode for file, row in same)
    return renumbered <= max(FEW_FILES, len(same) // 2)


def _state(row: Row[Any]) -> FileState:
    return FileState(row.size, row.mtime_ns, row.ctime_ns, row.inode)
