"""Undo of a write: restores the file byte for byte, or only its genre if another program changed the file since."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, BinaryIO

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from catalog.collection.scan.file_tags import read_file_tags
from catalog.db.database import Database
from catalog.db.tables import collection, tag_write, track
from catalog.errors import CatalogError
from catalog.genres.vocabulary import Vocabulary
from catalog.writeback.binary_diff import apply_patch
from catalog.writeback.formats.genre_rewrite import restore_values
from catalog.writeback.replace_files import (
    Operation,
    Progress,
    StagedFile,
    WriteOutcome,
    WriteReport,
    replacement_name,
    run_operation,
    stage_file,
)
from catalog.writeback.target_file import Facts, FileWriteError, copy_content, facts_of, find_target_file
from catalog.writeback.write_journal import note_not_undone, note_undoing, note_undone

GENRE_ONLY = "the file was changed after the write: only its genre was restored"

Written = Row[Any]


class NothingToUndoError(CatalogError):
    """There is no such write to undo."""


def written_rows(connection: Connection, batch: str | None = None) -> list[Written]:
    """The writes of a batch (default: the newest) that are not undone, newest first. Raises NothingToUndoError."""
    is_written = tag_write.c.state == "written"
    if batch is None:
        newest = sa.select(tag_write.c.batch).where(is_written)
        batch = connection.execute(newest.order_by(tag_write.c.id.desc()).limit(1)).scalar()
        if batch is None:
            raise NothingToUndoError("there is nothing to undo")
    later = tag_write.alias("later")
    later_batch = (
        sa.select(sa.func.max(later.c.batch))
        .where(
            later.c.track_id == tag_write.c.track_id, later.c.id > tag_write.c.id, later.c.state == "written"
        )
        .scalar_subquery()
    )
    rows = connection.execute(
        sa.select(
            tag_write,
            track.c.path,
            track.c.path_bytes.label("track_path_bytes"),
            track.c.size,
            track.c.mtime_ns,
            collection.c.root_bytes,
            later_batch.label("later_batch"),
        )
        .join_from(tag_write, track, track.c.id == tag_write.c.track_id)
        .join(collection, collection.c.id == track.c.collection_id)
        .where(tag_write.c.batch == batch, is_written)
        .order_by(tag_write.c.id.desc())
    ).all()
    if not rows:
        batches = sa.select(tag_write.c.batch).where(is_written).distinct()
        names = list(connection.execute(batches.order_by(tag_write.c.batch.desc()).limit(5)).scalars())
        existing = f"existing batches: {', '.join(names)}" if names else "there is nothing to undo"
        raise NothingToUndoError(f"there is no write batch {batch!r}; {existing}")
    return list(rows)


def undo_writes(
    database: Database,
    rows: Sequence[Written],
    vocabulary: Vocabulary,
    *,
    on_progress: Progress | None = None,
) -> WriteReport:
    """Undoes the writes of one batch. The decisions are kept. The caller holds `only_writer`."""

    def begin(connection: Connection, items: Sequence[Written]) -> list[int | None]:
        row_ids = [row.id for row in items]
        note_undoing(connection, row_ids)
        return list(row_ids)

    operation = Operation(
        rows[0].batch,
        state="undone",
        label="undoing",
        begin=begin,
        stage=lambda row, _row_id: _stage(row, vocabulary),
        staged_columns=lambda file: {"before_digest": file.after.digest, "message": file.message},
        note_failed=note_not_undone,
        note_replaced=lambda connection, files: note_undone(connection, files, vocabulary),
        outcome=lambda row: WriteOutcome(row.track_id, row.path, "; ".join(row.after), "; ".join(row.before)),
    )
    return run_operation(database, operation, rows, on_progress)


def _stage(row: Written, vocabulary: Vocabulary) -> StagedFile:
    if row.later_batch is not None:
        raise FileWriteError(
            f"was written again later; undo that write first: catalog write --undo {row.later_batch}"
        )
    if row.track_path_bytes is None or row.root_bytes is None:
        raise FileWriteError("does not exist any more; if it was moved: catalog scan")
    target = find_target_file(row.root_bytes, row.track_path_bytes, row.size, row.mtime_ns)
    base = os.path.basename(row.track_path_bytes)  # noqa: PTH119 - bytes

    def fill(source: BinaryIO, copy: BinaryIO, facts: Facts) -> None:
        _restore(row, facts, base, source, copy, vocabulary)

    file = stage_file(target, base, replacement_name(target, row.batch, row.id), fill)
    return file if file.after.digest == row.before_digest else replace(file, message=GENRE_ONLY)


def _restore(
    row: Written, facts: Facts, base: bytes, source: BinaryIO, copy: BinaryIO, vocabulary: Vocabulary
) -> None:
    """Fills the copy by the patch, or by the present file with the former genre if the patch does not apply."""
    if facts.digest == row.after_digest and row.patch is not None:
        apply_patch(row.patch, source, copy)
        copy.flush()
        if facts_of(copy).digest == row.before_digest:
            return
        copy.seek(0)
        copy.truncate()
    if list(read_file_tags(source, base).genres) != list(row.after):
        raise FileWriteError("its genre was changed after the write by another program")
    copy_content(source, copy)
    restore_values(copy, base, row.before, vocabulary)
