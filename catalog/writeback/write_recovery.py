"""Recovery after a killed write: removes staged files and completes the journal."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Row

from catalog.collection.naming.file_state import FileState
from catalog.collection.scan.file_tags import read_file_tags
from catalog.db.database import Database
from catalog.db.tables import collection, tag_write, track
from catalog.genres.vocabulary import Vocabulary
from catalog.writeback.replace_files import replacement_name
from catalog.writeback.target_file import TargetFile, discard, facts_of
from catalog.writeback.write_journal import (
    ReplacedFile,
    note_failed,
    note_not_undone,
    note_undone,
    note_written,
)

INTERRUPTED = "the run was interrupted before this file was changed"
GONE = "the run was interrupted, and the file does not exist any more"
LOST = "the run was interrupted, and the file differs from both its old and its new content"


@dataclass(frozen=True, slots=True)
class Recovery:
    """Numbers of files of a killed run."""

    written: int
    undone: int
    untouched: int


def recover(database: Database, vocabulary: Vocabulary) -> Recovery:
    """Completes the journal of killed runs. The caller holds `only_writer`, so that no other run is active.

    Files on a disk that is not mounted are left for a later recovery.
    """
    is_planned = tag_write.c.state == "planned"
    is_being_undone = (tag_write.c.state == "written") & tag_write.c.undone_at.is_not(None)
    with database.read() as connection:
        rows = connection.execute(
            sa.select(tag_write, track.c.file_signature, collection.c.root_bytes)
            .join_from(tag_write, track, track.c.id == tag_write.c.track_id)
            .join(collection, collection.c.id == track.c.collection_id)
            .where(sa.or_(is_planned, is_being_undone))
            .order_by(tag_write.c.id)
        ).all()
    written: list[ReplacedFile] = []
    undone: list[ReplacedFile] = []
    failed: dict[int, str] = {}
    not_undone: dict[int, str] = {}
    for row in rows:
        if not os.path.isdir(row.root_bytes or b""):  # noqa: PTH112 - bytes
            continue
        is_undo = row.state == "written"
        file = _inspect(row)
        if file is None:
            (not_undone if is_undo else failed)[row.id] = GONE
        elif file.facts.digest == (row.before_digest if is_undo else row.after_digest):
            (undone if is_undo else written).append(file)
        elif is_undo:
            not_undone[row.id] = INTERRUPTED
        else:
            is_unchanged = row.before_digest in (None, file.facts.digest)
            failed[row.id] = INTERRUPTED if is_unchanged else LOST
    if rows:
        with database.write() as connection:
            note_written(connection, written, vocabulary)
            note_undone(connection, undone, vocabulary)
            note_failed(connection, failed)
            note_not_undone(connection, not_undone)
    return Recovery(len(written), len(undone), len(failed) + len(not_undone))


def _inspect(row: Row[Any]) -> ReplacedFile | None:
    """Removes the staged file of a row and returns the present file; None if there is no file."""
    name = os.path.realpath(os.path.join(row.root_bytes or b"", row.path_bytes))  # noqa: PTH118 - bytes
    try:
        with open(name, "rb") as stream:  # noqa: PTH123 - bytes
            target = TargetFile(name, os.fstat(stream.fileno()))
            discard(replacement_name(target, row.batch, row.id))
            facts, state = facts_of(stream), FileState.of(target.status)
            values = read_file_tags(stream, os.path.basename(row.path_bytes)).genres  # noqa: PTH119
    except OSError:
        return None
    return ReplacedFile(row.id, row.track_id, facts, state, row.file_signature, values)
