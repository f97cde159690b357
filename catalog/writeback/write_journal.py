"""The journal of written tags: one row per file and write, noted before and after the file is replaced.

A row is `planned` with the digests of the file before and after, then the file is replaced, then the row is `written`.
An undo sets `undone_at` before the file is replaced, and the state `undone` after it. If the process is killed between
two notes, the digest of the file shows which step was reached.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.collection.naming.file_state import FileState
from catalog.collection.statements import ORIGIN_CATALOG, NewStatement, write_statements
from catalog.db.columns import now
from catalog.db.derived.track_status import refresh_track_status
from catalog.db.tables import claim, failure, feature_vector, tag_write, track, track_status
from catalog.genres.vocabulary import Vocabulary
from catalog.writeback.target_file import Facts
from catalog.writeback.write_plan import TagChange


@dataclass(frozen=True, slots=True)
class ReplacedFile:
    """A file after its replacement was put in place."""

    row_id: int
    track_id: int
    facts: Facts
    state: FileState
    """The state in place, so that the next scan finds the file unchanged."""
    old_signature: str | None
    """The file signature before."""
    values: tuple[str, ...]
    """The values of its genre field now."""


def plan_rows(connection: Connection, batch: str, changes: Sequence[TagChange]) -> dict[int, int]:
    """Adds a row for each change and returns their ids by track; a track with a newer decision gets no row."""
    query = sa.select(track_status.c.track_id, track_status.c.statement_id)
    current = connection.execute(
        query.where(track_status.c.track_id.in_([change.track_id for change in changes]))
    ).all()
    unchanged = set(map(tuple, current))
    valid = [change for change in changes if (change.track_id, change.statement_id) in unchanged]
    if not valid:
        return {}
    row_ids = connection.execute(
        sa.insert(tag_write).returning(tag_write.c.id, sort_by_parameter_order=True),
        [
            {
                "track_id": change.track_id,
                "statement_id": change.statement_id,
                "path_bytes": change.path,
                "before": [change.before] if change.before else [],
                "after": list(change.names),
                "batch": batch,
            }
            for change in valid
        ],
    ).scalars()
    return dict(zip((change.track_id for change in valid), row_ids, strict=True))


def note_staged(connection: Connection, row_id: int, values: Mapping[str, object]) -> None:
    """Records columns of a row, such as the digests, before its file is replaced."""
    _update(connection, [row_id], values)


def note_undoing(connection: Connection, row_ids: Sequence[int]) -> None:
    """Records that an undo has started, before any file is staged."""
    _update(connection, row_ids, {"undone_at": now()})


def note_failed(connection: Connection, messages: Mapping[int, str]) -> None:
    """Records failed writes with their reasons; the files are unchanged."""
    for row_id, message in messages.items():
        _update(connection, [row_id], {"state": "failed", "message": message, "patch": None})


def note_not_undone(connection: Connection, messages: Mapping[int, str]) -> None:
    """Records failed undos with their reasons; the rows stay `written`."""
    for row_id, message in messages.items():
        _update(connection, [row_id], {"undone_at": None, "message": message})


def note_written(connection: Connection, files: Sequence[ReplacedFile], vocabulary: Vocabulary) -> None:
    """Records written files, in the journal and as scanned."""
    _note_replaced(connection, files, vocabulary, {"state": "written", "written_at": now(), "message": None})


def note_undone(connection: Connection, files: Sequence[ReplacedFile], vocabulary: Vocabulary) -> None:
    """Records restored files, in the journal and as scanned."""
    _note_replaced(connection, files, vocabulary, {"state": "undone", "patch": None})


def _update(connection: Connection, row_ids: Sequence[int], values: Mapping[str, object]) -> None:
    connection.execute(sa.update(tag_write).where(tag_write.c.id.in_(row_ids)).values(**values))


def _note_replaced(
    connection: Connection,
    files: Sequence[ReplacedFile],
    vocabulary: Vocabulary,
    values: Mapping[str, object],
) -> None:
    if not files:
        return
    _update(connection, [file.row_id for file in files], values)
    for file in files:
        _update_track(connection, file)
    # Not new evidence: the next scan finds the file as its newest statement describes it.
    statements = [NewStatement(file.track_id, file.values, ORIGIN_CATALOG) for file in files]
    write_statements(connection, "file", statements, vocabulary)
    refresh_track_status(connection, [file.track_id for file in files])


def _update_track(connection: Connection, file: ReplacedFile) -> None:
    """Records the new file of the track; results that were computed from its audio stay valid."""
    facts = file.facts
    connection.execute(
        sa.update(track)
        .where(track.c.id == file.track_id)
        .values(**file.state._asdict(), file_signature=facts.file_signature)
    )
    if file.old_signature is None or file.old_signature == facts.file_signature:
        return
    for table in (feature_vector, failure, claim):
        of_old_file = (table.c.track_id == file.track_id) & (table.c.file_signature == file.old_signature)
        connection.execute(sa.update(table).where(of_old_file).values(file_signature=facts.file_signature))
