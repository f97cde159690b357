"""Replacement of files in batches: stage a few, note them in the journal, put them in place, note them again.

Every file is as before or as after, also if the process is killed; `write_recovery` then completes the journal.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import BinaryIO, Generic, TypeVar

from sqlalchemy import Connection

from catalog.batches import chunks
from catalog.collection.scan.file_tags import read_file_tags
from catalog.db.database import Database
from catalog.writeback.formats.audio_region import has_same_audio_bytes
from catalog.writeback.formats.tag_format import TagFormatError, tag_error
from catalog.writeback.target_file import (
    Facts,
    FileWriteError,
    TargetFile,
    audio_hash_of,
    discard,
    facts_of,
    finalize_copy,
    locked,
    put_in_place,
    replacement,
    sync_folder,
)
from catalog.writeback.write_journal import ReplacedFile, note_staged

BATCH_SIZE = 16
"""Files between two notes in the journal: few, so that recovery has little to complete after a kill."""

Progress = Callable[[int, int | None, str], None]
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class WriteOutcome:
    """The result for one file."""

    track_id: int
    path: str
    before: str
    after: str
    state: str = "failed"
    """`written`, `undone`, or `failed`."""
    message: str | None = None


@dataclass
class WriteReport:
    """The results of a write or an undo."""

    batch: str | None
    outcomes: list[WriteOutcome] = field(default_factory=list)
    other_names: int = 0
    """Files with hard links that keep the old tags."""

    def count(self, state: str) -> int:
        """The number of files with this state."""
        return sum(outcome.state == state for outcome in self.outcomes)


@dataclass(frozen=True, slots=True)
class StagedFile:
    """A checked replacement in the folder of its file."""

    target: TargetFile
    copy_name: bytes
    before: Facts
    after: Facts
    values_before: tuple[str, ...]
    values_after: tuple[str, ...]
    """The values of the genre field."""
    patch: bytes | None
    """Restores the file from the replacement; None if it would be too large."""
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Operation(Generic[Item]):
    """What differs between a write and an undo. A file of either has a row in the journal."""

    batch: str
    state: str
    """The state of a file that was replaced."""
    label: str
    """The label of the progress."""
    begin: Callable[[Connection, Sequence[Item]], Sequence[int | None]]
    """Notes in the journal that files will be replaced. Returns row ids; None for an item that is out of date."""
    stage: Callable[[Item, int], StagedFile]
    """Makes the replacement for an item and its row id. Raises FileWriteError or TagFormatError."""
    staged_columns: Callable[[StagedFile], Mapping[str, object]]
    """The columns of the journal that describe the staged file."""
    note_failed: Callable[[Connection, Mapping[int, str]], None]
    """Notes in the journal why files were left unchanged, by row id."""
    note_replaced: Callable[[Connection, Sequence[ReplacedFile]], None]
    """Notes in the journal and in the catalog that files were replaced."""
    outcome: Callable[[Item], WriteOutcome]
    """The result for an item that failed, without a message."""


def run_operation(
    database: Database,
    operation: Operation[Item],
    items: Sequence[Item],
    on_progress: Progress | None = None,
) -> WriteReport:
    """Replaces the file of each item; a file that cannot be replaced is left unchanged and reported.

    The caller holds `only_writer`.
    """
    report = WriteReport(operation.batch)
    for batch in chunks(items, BATCH_SIZE):
        _replace_batch(database, operation, batch, report)
        if on_progress is not None:
            on_progress(len(report.outcomes), len(items), operation.label)
    return report


def _replace_batch(
    database: Database, operation: Operation[Item], items: Sequence[Item], report: WriteReport
) -> None:
    with database.write() as connection:
        row_ids = operation.begin(connection, items)
    staged: list[tuple[WriteOutcome, int, StagedFile]] = []
    failures: dict[int, str] = {}
    replaced: list[ReplacedFile] = []

    def fail(outcome: WriteOutcome, reason: str, row_id: int | None) -> None:
        report.outcomes.append(replace(outcome, message=reason))
        if row_id is not None:
            failures[row_id] = reason

    try:
        for item, row_id in zip(items, row_ids, strict=True):
            outcome = operation.outcome(item)
            try:
                staged.append((outcome, *_stage(operation, item, row_id)))
            except Exception as error:  # noqa: BLE001 - a malicious file may raise anything in a parser
                fail(outcome, reason_of(error), row_id)
        with database.write() as connection:
            for _, row_id, file in staged:
                note_staged(connection, row_id, operation.staged_columns(file))
        for outcome, row_id, file in staged:
            try:
                state = put_in_place(file.target, file.copy_name)
            except FileWriteError as error:
                fail(outcome, str(error), row_id)
                continue
            signature, values = file.before.file_signature, file.values_after
            replaced.append(ReplacedFile(row_id, outcome.track_id, file.after, state, signature, values))
            report.other_names += file.target.other_names > 0
            report.outcomes.append(
                replace(outcome, after="; ".join(values), state=operation.state, message=file.message)
            )
        for folder in {file.target.folder for _, _, file in staged}:
            sync_folder(folder)
    finally:
        # After an interruption, too: files in place are noted now, the others by the next run.
        for _, _, file in staged:
            discard(file.copy_name)
        with database.write() as connection:
            operation.note_failed(connection, failures)
            operation.note_replaced(connection, replaced)


def _stage(operation: Operation[Item], item: Item, row_id: int | None) -> tuple[int, StagedFile]:
    if row_id is None:
        raise FileWriteError("has a newer decision; run the same command again")
    return row_id, operation.stage(item, row_id)


def reason_of(error: Exception) -> str:
    """The reason that a file is left unchanged, in one line."""
    if isinstance(error, (FileWriteError, TagFormatError)):
        return str(error)
    return str(tag_error("read", error))


def replacement_name(target: TargetFile, batch: str | None, row_id: int) -> bytes:
    """The name of a replacement: in the folder of the file, hidden from scans, derived from the journal row."""
    return os.path.join(target.folder, f".catalog-write-{batch}-{row_id}".encode())  # noqa: PTH118 - bytes


def stage_file(
    target: TargetFile,
    base: bytes,
    copy_name: bytes,
    fill: Callable[[BinaryIO, BinaryIO, Facts], None],
    make_patch: Callable[[BinaryIO, BinaryIO], bytes | None] | None = None,
) -> StagedFile:
    """Makes the replacement of a file and checks that its audio is unchanged. Raises FileWriteError or TagFormatError.

    `fill(source, copy, facts)` writes the content of the replacement; `base` is the file name of the track, which may
    be a link to `target`. `make_patch(copy, source)` is called for the finished replacement.
    """
    with locked(target) as source:
        before = facts_of(source)
        values_before = read_file_tags(source, base).genres
        with replacement(copy_name) as copy:
            fill(source, copy, before)
            after = finalize_copy(target, copy_name, copy)
            has_same_packets = audio_hash_of(copy_name) == audio_hash_of(target.name)
            if not has_same_packets and not has_same_audio_bytes(copy, source):
                raise FileWriteError("its audio would change")
            values_after = read_file_tags(copy, base).genres
            patch = None if make_patch is None else make_patch(copy, source)
    return StagedFile(target, copy_name, before, after, values_before, values_after, patch)
