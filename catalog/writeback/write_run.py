"""Writing of decided genres to the tags of files."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping, Sequence
from typing import BinaryIO

from sqlalchemy import Connection

from catalog.db.columns import now
from catalog.db.database import Database
from catalog.genres.vocabulary import Vocabulary
from catalog.writeback.binary_diff import make_patch
from catalog.writeback.formats.genre_field import format_of, write_genres
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
from catalog.writeback.target_file import Facts, copy_content, find_target_file, locked
from catalog.writeback.write_journal import ReplacedFile, note_failed, note_staged, note_written, plan_rows
from catalog.writeback.write_plan import TagChange


def write_tags(
    database: Database,
    changes: Sequence[TagChange],
    vocabulary: Vocabulary,
    *,
    on_progress: Progress | None = None,
) -> WriteReport:
    """Writes the genres of each change. Calls of the same catalog are kept apart by `only_writer`."""
    batch = f"{now():%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
    return run_operation(database, _Write(batch, vocabulary), changes, on_progress)


def check_writable(change: TagChange) -> None:
    """Checks a file before a write. Raises FileWriteError or TagFormatError if it cannot be written."""
    target = find_target_file(change.root, change.path, change.size, change.mtime_ns)
    with locked(target) as stream:
        format_of(stream, os.path.basename(change.path))  # noqa: PTH119 - bytes


class _Write(Operation[TagChange]):
    """Replaces files by copies with the decided genres."""

    state = "written"
    label = "writing"

    def begin(self, connection: Connection, items: Sequence[TagChange]) -> list[int | None]:
        row_ids = plan_rows(connection, self.batch, items)
        return [row_ids.get(change.track_id) for change in items]

    def stage(self, item: TagChange, row_id: int) -> StagedFile:
        target = find_target_file(item.root, item.path, item.size, item.mtime_ns)
        base = os.path.basename(item.path)  # noqa: PTH119 - bytes

        def fill(source: BinaryIO, copy: BinaryIO, _facts: Facts) -> None:
            # Refuses other formats before the copy.
            format_of(source, base)
            copy_content(source, copy)
            write_genres(copy, base, item.names, self.vocabulary)

        return stage_file(target, base, replacement_name(target, self.batch, row_id), fill, make_patch)

    def note_staged(self, connection: Connection, row_id: int, file: StagedFile) -> None:
        note_staged(
            connection,
            row_id,
            before=list(file.values_before),
            after=list(file.values_after),
            before_digest=file.before.digest,
            after_digest=file.after.digest,
            patch=file.patch,
        )

    def note_failed(self, connection: Connection, messages: Mapping[int, str]) -> None:
        note_failed(connection, messages)

    def note_replaced(self, connection: Connection, files: Sequence[ReplacedFile]) -> None:
        note_written(connection, files, self.vocabulary)

    def outcome(
        self, item: TagChange, state: str, message: str | None, file: StagedFile | None
    ) -> WriteOutcome:
        after = item.after if file is None else "; ".join(file.values_after)
        return WriteOutcome(item.track_id, item.shown, item.before, after, state, message)

    def replaced(self, item: TagChange, row_id: int, file: StagedFile) -> ReplacedFile:
        return ReplacedFile(row_id, item.track_id, file.after, item.file_signature, file.values_after)
