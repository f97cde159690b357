"""Writing genres to files: a few at a time are made ready, noted in the journal, put in place, and noted again."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from mutagen import MutagenError

from catalog.collection.scan.file_tags import read_file_tags
from catalog.db.columns import now
from catalog.db.database import Database
from catalog.genres.vocabulary import Vocabulary
from catalog.writeback.binary_diff import make_patch
from catalog.writeback.formats.genre_field import kind_to_write, write_genres
from catalog.writeback.formats.id3v2 import TagFormatError
from catalog.writeback.target_file import (
    Facts,
    FileWriteError,
    TargetFile,
    audio_hash_of,
    copy_content,
    discard,
    facts_of,
    finalize_copy,
    find_target_file,
    locked,
    put_in_place,
    replacement,
    sync_folder,
)
from catalog.writeback.write_journal import Rewritten, note_failed, note_ready, note_written, plan_rows
from catalog.writeback.write_plan import TagChange

BATCH_SIZE = 16
"""Files between two notes in the journal: few enough that little is left to finish after a kill."""

DECIDED_ANEW = "was decided anew meanwhile; run the same command again"

Progress = Callable[[int, int | None, str], None]


@dataclass(frozen=True, slots=True)
class WriteOutcome:
    """What became of one file."""

    track_id: int
    path: str
    before: str
    after: str
    state: str
    """`written`, `undone`, or `failed`."""
    message: str | None = None


@dataclass
class WriteReport:
    """What a write, or an undo, did."""

    batch: str | None
    outcomes: list[WriteOutcome] = field(default_factory=list)
    other_names: int = 0
    """Files with hard links that keep the old tags."""

    def count(self, state: str) -> int:
        """How many files ended so."""
        return sum(each.state == state for each in self.outcomes)


@dataclass(frozen=True, slots=True)
class StagedFile:
    """A replacement that lies beside its file, checked."""

    row_id: int
    place: TargetFile
    made: bytes
    """The name of the replacement."""
    before: Facts
    after: Facts
    old_values: tuple[str, ...]
    values: tuple[str, ...]
    patch: bytes | None


def new_batch() -> str:
    """A name for the writes of one command that people can type."""
    return f"{now():%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def replacement_name(place: TargetFile, batch: str | None, row_id: int) -> bytes:
    """Where a replacement is made: beside the file, hidden from scans, found again by its row after a kill."""
    return os.path.join(place.folder, f".catalog-write-{batch}-{row_id}".encode())  # noqa: PTH118 - bytes


def write_tags(
    database: Database,
    changes: Sequence[TagChange],
    vocabulary: Vocabulary,
    *,
    on_progress: Progress | None = None,
) -> WriteReport:
    """Writes each change; a file that cannot be written is left as it is and said. Call it within `only_writer`.

    Killed at any moment, every file is as before or as after; `recover` then finishes the journal.
    """
    report = WriteReport(new_batch())
    for start in range(0, len(changes), BATCH_SIZE):
        _write_some(database, changes[start : start + BATCH_SIZE], vocabulary, report)
        if on_progress is not None:
            on_progress(len(report.outcomes), len(changes), "writing")
    return report


def _write_some(
    database: Database, changes: Sequence[TagChange], vocabulary: Vocabulary, report: WriteReport
) -> None:
    assert report.batch is not None
    with database.write() as connection:
        rows = plan_rows(connection, report.batch, changes)
    ready: list[tuple[TagChange, StagedFile]] = []
    failed: dict[int, str] = {}
    done: list[Rewritten] = []
    try:
        for change in changes:
            if change.track_id not in rows:
                report.outcomes.append(_outcome(change, "failed", DECIDED_ANEW))
                continue
            row_id = rows[change.track_id]
            try:
                ready.append((change, make_ready(change, row_id, report.batch, vocabulary)))
            except (FileWriteError, TagFormatError) as error:
                failed[row_id] = str(error)
                report.outcomes.append(_outcome(change, "failed", str(error)))
        with database.write() as connection:
            for _, each in ready:
                note_ready(
                    connection,
                    each.row_id,
                    before=each.old_values,
                    after=each.values,
                    before_digest=each.before.digest,
                    after_digest=each.after.digest,
                    patch=each.patch,
                )
        for change, each in ready:
            try:
                put_in_place(each.place, each.made)
            except FileWriteError as error:
                failed[each.row_id] = str(error)
                report.outcomes.append(_outcome(change, "failed", str(error)))
                continue
            done.append(
                Rewritten(each.row_id, change.track_id, each.after, change.file_signature, each.values)
            )
            report.other_names += each.place.other_names > 0
            report.outcomes.append(_outcome(change, "written", None, each.values))
        for folder in {each.place.folder for _, each in ready}:
            sync_folder(folder)
    finally:
        # Also when interrupted: what was put in place is noted now, the rest by the next run.
        for _, each in ready:
            discard(each.made)
        with database.write() as connection:
            note_failed(connection, failed)
            note_written(connection, done, vocabulary)


def check_writable(change: TagChange) -> None:
    """Says beforehand what would keep a file from being written. Raises FileWriteError or TagFormatError."""
    place = find_target_file(change.root, change.path, change.size, change.mtime_ns)
    with locked(place) as stream:
        kind_to_write(stream, os.path.basename(change.path))  # noqa: PTH119 - bytes


def make_ready(change: TagChange, row_id: int, batch: str, vocabulary: Vocabulary) -> StagedFile:
    """Makes the replacement of a file and checks it: the genre as wanted, the other tags and the sound as they were.

    Raises FileWriteError or TagFormatError, with nothing left behind.
    """
    place = find_target_file(change.root, change.path, change.size, change.mtime_ns)
    base = os.path.basename(change.path)  # noqa: PTH119 - bytes
    made = replacement_name(place, batch, row_id)
    with locked(place) as source:
        kind_to_write(source, base)
        before = facts_of(source)
        old_values = read_file_tags(source, base).genres
        sound = audio_hash_of(place.name)
        with replacement(made) as target:
            copy_content(source, target)
            try:
                values = write_genres(target, base, change.names, vocabulary)
            except MutagenError as error:
                raise TagFormatError(f"its tags cannot be written: {error}") from error
            after = finalize_copy(place, made, target)
            if audio_hash_of(made) != sound:
                raise FileWriteError("its sound would not stay as it is")
            patch = make_patch(target, source)
    return StagedFile(row_id, place, made, before, after, old_values, values, patch)


def _outcome(
    change: TagChange, state: str, message: str | None, values: Sequence[str] | None = None
) -> WriteOutcome:
    after = change.after if values is None else "; ".join(values)
    return WriteOutcome(change.track_id, change.shown, change.before, after, state, message)
