"""Writing of decided genres to the tags of files, by one process per catalog."""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import BinaryIO

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.collection.naming.file_state import FileState
from catalog.collection.scan.cue_sheet import CueSheets
from catalog.collection.scan.file_tags import read_file_tags
from catalog.collection.statements import joined_text
from catalog.db.columns import now
from catalog.db.database import Database
from catalog.errors import CatalogError
from catalog.genres.vocabulary import Vocabulary, genres_in
from catalog.writeback.binary_diff import make_patch
from catalog.writeback.formats.genre_rewrite import format_of, write_genres
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
from catalog.writeback.target_file import Facts, FileWriteError, copy_content, find_target_file, locked
from catalog.writeback.write_journal import note_failed, note_written, plan_rows
from catalog.writeback.write_plan import Plan, Selection, TagChange, has_same_genres

_ADVISORY_KEY = 0x7461675F77726974
"""The bytes of `tag_writ`: the key of the advisory lock on PostgreSQL."""


def write_tags(
    database: Database,
    changes: Sequence[TagChange],
    vocabulary: Vocabulary,
    *,
    on_progress: Progress | None = None,
) -> WriteReport:
    """Writes the genres of each change. The caller holds `only_writer`."""
    batch = f"{now():%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"

    def begin(connection: Connection, items: Sequence[TagChange]) -> list[int | None]:
        row_ids = plan_rows(connection, batch, items)
        return [row_ids.get(change.track_id) for change in items]

    operation = Operation(
        batch,
        state="written",
        label="writing",
        begin=begin,
        stage=lambda change, row_id: _stage(change, batch, row_id, vocabulary),
        staged_columns=_journal_columns,
        note_failed=note_failed,
        note_replaced=lambda connection, files: note_written(connection, files, vocabulary),
        outcome=lambda change: WriteOutcome(change.track_id, change.shown, change.before, change.after),
    )
    return run_operation(database, operation, changes, on_progress)


def compare_with_files(plan: Plan, selection: Selection, vocabulary: Vocabulary) -> None:
    """Corrects a plan by the genres that the files have now, which the catalog may not know.

    A file that has the decided genre already needs no change. A file that has another genre than the catalog knows
    becomes a change, which fails with a reason; or is written if its track is named in `selection`.
    """
    candidates = [*plan.changes, *plan.agreeing]
    plan.changes, plan.agreeing = [], []
    for change in candidates:
        values = _genres_now(change)
        if values is not None and has_same_genres(values, change.names, vocabulary):
            plan.agreeing.append(change)
        elif values is not None and change.track_id in selection.track_ids:
            plan.changes.append(replace(change, before=joined_text(values)))
        else:
            plan.changes.append(change)


def check_writable(change: TagChange, vocabulary: Vocabulary) -> None:
    """Checks a file before a write. Raises FileWriteError or TagFormatError if it cannot be written."""
    target = find_target_file(change.root, change.path, change.state.size, change.state.mtime_ns)
    base = _base(change)
    with locked(target) as stream:
        format_of(stream, base)
        _require_expected(stream, base, change, vocabulary)


def _base(change: TagChange) -> bytes:
    return os.path.basename(change.path)  # noqa: PTH119 - bytes


def _genres_now(change: TagChange) -> tuple[str, ...] | None:
    """The genres in the file; None if it cannot be opened."""
    name = os.path.join(change.root, change.path)  # noqa: PTH118 - bytes
    try:
        with os.fdopen(os.open(name, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as stream:
            return _known_genres(stream, change) or read_file_tags(stream, _base(change)).genres
    except OSError:
        return None


def _known_genres(stream: BinaryIO, change: TagChange) -> tuple[str, ...] | None:
    """The genres that the catalog knows, if the file is exactly the scanned one.

    The scan may have read them in an encoding that its user named.
    """
    is_unchanged = FileState.of(os.fstat(stream.fileno())) == change.state
    return (change.before,) if is_unchanged and change.before else None


def _require_expected(stream: BinaryIO, base: bytes, change: TagChange, vocabulary: Vocabulary) -> None:
    """Raises FileWriteError if the file has another genre than the catalog knows, or several tracks."""
    tags = read_file_tags(stream, base)
    values = _known_genres(stream, change) or tags.genres
    if max(tags.cue_tracks, CueSheets(change.root).tracks_in(change.path)) > 1:
        raise FileWriteError("is one recording with several tracks (CUE sheet), which is not written")
    if not has_same_genres(values, genres_in([change.before], vocabulary), vocabulary):
        raise FileWriteError(
            f"its genre is now {joined_text(values) or 'none'}; the catalog knows "
            f"{change.before or 'none'}. Run first: catalog scan --reread"
        )


def _stage(change: TagChange, batch: str, row_id: int, vocabulary: Vocabulary) -> StagedFile:
    target = find_target_file(change.root, change.path, change.state.size, change.state.mtime_ns)
    base = _base(change)

    def fill(source: BinaryIO, copy: BinaryIO, _facts: Facts) -> None:
        # Refused before the copy.
        format_of(source, base)
        _require_expected(source, base, change, vocabulary)
        copy_content(source, copy)
        write_genres(copy, base, change.names, vocabulary)

    return stage_file(target, base, replacement_name(target, batch, row_id), fill, make_patch)


def _journal_columns(file: StagedFile) -> dict[str, object]:
    return {
        "before": list(file.values_before),
        "after": list(file.values_after),
        "before_digest": file.before.digest,
        "after_digest": file.after.digest,
        "patch": file.patch,
    }


class WriterBusyError(CatalogError):
    """Another process is writing tags for this catalog."""


@contextmanager
def only_writer(database: Database) -> Iterator[None]:
    """Holds the lock, which the operating system releases if the process dies. Raises WriterBusyError."""
    if database.is_sqlite:
        assert database.file is not None
        with database.file.with_name(f"{database.file.name}.write-lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise _busy() from None
            yield
        return
    engine = database.writer.execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        key = {"key": _ADVISORY_KEY}
        if not connection.execute(sa.text("SELECT pg_try_advisory_lock(:key)"), key).scalar_one():
            raise _busy()
        try:
            yield
        finally:
            connection.execute(sa.text("SELECT pg_advisory_unlock(:key)"), key)


def _busy() -> WriterBusyError:
    return WriterBusyError("another catalog write is running on this catalog; try again when it has finished")
