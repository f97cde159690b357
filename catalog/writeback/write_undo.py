"""Undoing a write: the file becomes what it was, byte for byte where nobody else changed it since."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, BinaryIO

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from catalog.collection.scan.file_tags import read_file_tags
from catalog.db.database import Database
from catalog.db.tables import collection, tag_write, track
from catalog.errors import CatalogError
from catalog.genres.vocabulary import Vocabulary
from catalog.writeback.binary_diff import apply_patch
from catalog.writeback.formats.genre_field import restore_values
from catalog.writeback.formats.id3v2 import TagFormatError
from catalog.writeback.target_file import (
    Facts,
    FileWriteError,
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
from catalog.writeback.write_journal import (
    Rewritten,
    note_not_undone,
    note_ready_to_undo,
    note_undoing,
    note_undone,
)
from catalog.writeback.write_run import (
    BATCH_SIZE,
    Progress,
    StagedFile,
    WriteOutcome,
    WriteReport,
    replacement_name,
)

GENRE_ONLY = "the file had changed since: only its genre was put back"

Written = Row[Any]


class NothingToUndoError(CatalogError):
    """No write is there to be undone."""


def written_rows(connection: Connection, batch: str | None = None) -> list[Written]:
    """The writes of a batch that stand, newest first; without a name, those of the newest. Raises NothingToUndoError."""
    if batch is None:
        newest = sa.select(tag_write.c.batch).where(tag_write.c.state == "written")
        batch = connection.execute(newest.order_by(tag_write.c.id.desc()).limit(1)).scalar()
        if batch is None:
            raise NothingToUndoError("nothing is written that could be undone")
    later = tag_write.alias("later")
    again = (
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
            track.c.path_bytes.label("place"),
            track.c.size,
            track.c.mtime_ns,
            track.c.file_signature,
            collection.c.root_bytes,
            again.label("again"),
        )
        .join_from(tag_write, track, track.c.id == tag_write.c.track_id)
        .join(collection, collection.c.id == track.c.collection_id)
        .where(tag_write.c.batch == batch, tag_write.c.state == "written")
        .order_by(tag_write.c.id.desc())
    ).all()
    if not rows:
        known = sa.select(tag_write.c.batch).where(tag_write.c.state == "written").distinct()
        names = list(connection.execute(known.order_by(tag_write.c.batch.desc()).limit(5)).scalars())
        there_are = f"there are {', '.join(names)}" if names else "nothing is written"
        raise NothingToUndoError(f"there is no write {batch!r} that could be undone; {there_are}")
    return list(rows)


def undo_writes(
    database: Database,
    rows: Sequence[Written],
    vocabulary: Vocabulary,
    *,
    on_progress: Progress | None = None,
) -> WriteReport:
    """Undoes each write; what cannot be undone is left as it is and said. Call it within `only_writer`.

    The decisions stand.
    """
    report = WriteReport(rows[0].batch if rows else None)
    for start in range(0, len(rows), BATCH_SIZE):
        _undo_some(database, rows[start : start + BATCH_SIZE], vocabulary, report)
        if on_progress is not None:
            on_progress(len(report.outcomes), len(rows), "undoing")
    return report


def _undo_some(
    database: Database, rows: Sequence[Written], vocabulary: Vocabulary, report: WriteReport
) -> None:
    ready: list[tuple[Written, StagedFile]] = []
    failed: dict[int, str] = {}
    done: list[Rewritten] = []
    with database.write() as connection:
        note_undoing(connection, [row.id for row in rows])
    try:
        for row in rows:
            try:
                ready.append((row, _make_ready(row, vocabulary)))
            except (FileWriteError, TagFormatError) as error:
                failed[row.id] = str(error)
                report.outcomes.append(_outcome(row, "failed", str(error)))
        with database.write() as connection:
            for row, each in ready:
                note_ready_to_undo(connection, row.id, each.after.digest, _remark(row, each))
        for row, each in ready:
            try:
                put_in_place(each.place, each.made)
            except FileWriteError as error:
                failed[row.id] = str(error)
                report.outcomes.append(_outcome(row, "failed", str(error)))
                continue
            done.append(Rewritten(row.id, row.track_id, each.after, row.file_signature, each.values))
            report.other_names += each.place.other_names > 0
            report.outcomes.append(_outcome(row, "undone", _remark(row, each)))
        for folder in {each.place.folder for _, each in ready}:
            sync_folder(folder)
    finally:
        for _, each in ready:
            discard(each.made)
        with database.write() as connection:
            note_not_undone(connection, failed)
            note_undone(connection, done, vocabulary)


def _make_ready(row: Written, vocabulary: Vocabulary) -> StagedFile:
    if row.again is not None:
        raise FileWriteError(f"was written again since; undo that first: catalog write --undo {row.again}")
    if row.place is None or row.root_bytes is None:
        raise FileWriteError("is not there any more; if it was moved: catalog scan")
    place = find_target_file(row.root_bytes, row.place, row.size, row.mtime_ns)
    base = os.path.basename(row.place)  # noqa: PTH119 - bytes
    made = replacement_name(place, row.batch, row.id)
    with locked(place) as source:
        before = facts_of(source)
        sound = audio_hash_of(place.name)
        with replacement(made) as target:
            _put_back(row, before, base, source, target, vocabulary)
            after = finalize_copy(place, made, target)
            if audio_hash_of(made) != sound:
                raise FileWriteError("its sound would not stay as it is")
            values = read_file_tags(target, base).genres
    return StagedFile(row.id, place, made, before, after, tuple(row.after), values, None)


def _put_back(
    row: Written, now: Facts, base: bytes, source: BinaryIO, target: BinaryIO, vocabulary: Vocabulary
) -> None:
    """Fills the replacement: by the patch, or where the file is another by now, by the genre alone."""
    if now.digest == row.after_digest and row.patch is not None:
        apply_patch(row.patch, source, target)
        target.flush()
        if facts_of(target).digest == row.before_digest:
            return
        target.seek(0)
        target.truncate()
    if list(read_file_tags(source, base).genres) != list(row.after):
        raise FileWriteError("its genre was changed since by another program; left as it is")
    copy_content(source, target)
    restore_values(target, base, row.before, vocabulary)


def _remark(row: Written, each: StagedFile) -> str | None:
    return None if each.after.digest == row.before_digest else GENRE_ONLY


def _outcome(row: Written, state: str, message: str | None) -> WriteOutcome:
    return WriteOutcome(row.track_id, row.path, "; ".join(row.after), "; ".join(row.before), state, message)
