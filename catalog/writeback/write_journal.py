"""The journal of written tags: what is planned before a file is touched, and what became of it.

A row is `planned` with the digests of the file before and after, then the file is replaced, then the row is `written`.
An undo sets `undone_at` before the file is touched, and `undone` after it. So whoever is killed leaves rows from
which the digest of the file tells how far it came.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.collection.statements import ORIGIN_CATALOG, NewStatement, write_statements
from catalog.db.columns import now
from catalog.db.derived.track_status import refresh_track_status
from catalog.db.tables import claim, failure, feature_vector, tag_write, track, track_status
from catalog.genres.vocabulary import Vocabulary
from catalog.writeback.target_file import Facts
from catalog.writeback.write_plan import TagChange


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A file that has taken another's place."""

    row_id: int
    track_id: int
    facts: Facts
    file_signature: str | None
    """Of the file before."""
    values: tuple[str, ...]
    """What its genre tag says now."""


def plan_rows(connection: Connection, batch: str, changes: Sequence[TagChange]) -> dict[int, int]:
    """Rows for changes, by track; a track whose decision is another one by now gets none."""
    query = sa.select(track_status.c.track_id, track_status.c.statement_id)
    current = connection.execute(
        query.where(track_status.c.track_id.in_([change.track_id for change in changes]))
    ).all()
    unchanged = set(map(tuple, current))
    valid = [change for change in changes if (change.track_id, change.statement_id) in unchanged]
    if not valid:
        return {}
    insert = sa.insert(tag_write).returning(tag_write.c.id, sort_by_parameter_order=True)
    made = connection.execute(
        insert,
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
    )
    return dict(zip((change.track_id for change in valid), made.scalars(), strict=True))


def note_ready(
    connection: Connection,
    row_id: int,
    *,
    before: Sequence[str],
    after: Sequence[str],
    before_digest: str,
    after_digest: str,
    patch: bytes | None,
) -> None:
    """Says what the file is and what it will be, before it is."""
    connection.execute(
        sa.update(tag_write)
        .where(tag_write.c.id == row_id)
        .values(
            before=list(before),
            after=list(after),
            before_digest=before_digest,
            after_digest=after_digest,
            patch=patch,
        )
    )


def note_undoing(connection: Connection, row_ids: Sequence[int]) -> None:
    """Says that writes are about to be undone, before anything is made for it."""
    connection.execute(sa.update(tag_write).where(tag_write.c.id.in_(row_ids)).values(undone_at=now()))


def note_ready_to_undo(connection: Connection, row_id: int, before_digest: str, message: str | None) -> None:
    """Says what the file will be when its write is undone, before it is."""
    values = {"before_digest": before_digest, "message": message}
    connection.execute(sa.update(tag_write).where(tag_write.c.id == row_id).values(values))


def note_failed(connection: Connection, messages: Mapping[int, str]) -> None:
    """Rows that came to nothing, and why; the files are as they were."""
    for row_id, message in messages.items():
        update = sa.update(tag_write).where(tag_write.c.id == row_id)
        connection.execute(update.values(state="failed", message=message, patch=None))


def note_not_undone(connection: Connection, messages: Mapping[int, str]) -> None:
    """Rows whose undoing came to nothing; they are written as before."""
    for row_id, message in messages.items():
        update = sa.update(tag_write).where(tag_write.c.id == row_id)
        connection.execute(update.values(undone_at=None, message=message))


def note_written(connection: Connection, done: Sequence[Rewritten], vocabulary: Vocabulary) -> None:
    """Rows whose files are as planned; the catalog knows these files as if it had scanned them."""
    _note(connection, done, vocabulary, {"state": "written", "written_at": now(), "message": None})


def note_undone(connection: Connection, done: Sequence[Rewritten], vocabulary: Vocabulary) -> None:
    """Rows whose files are as they were before the write."""
    _note(connection, done, vocabulary, {"state": "undone", "patch": None})


def _note(
    connection: Connection,
    done: Sequence[Rewritten],
    vocabulary: Vocabulary,
    values: Mapping[str, object],
) -> None:
    if not done:
        return
    update = sa.update(tag_write).where(tag_write.c.id.in_([each.row_id for each in done]))
    connection.execute(update.values(**values))
    for each in done:
        _know_file(connection, each)
    # No new evidence: the next scan finds the file as its newest statement says.
    sayings = [NewStatement(each.track_id, each.values, ORIGIN_CATALOG) for each in done]
    write_statements(connection, "file", sayings, vocabulary)
    refresh_track_status(connection, [each.track_id for each in done])


def _know_file(connection: Connection, each: Rewritten) -> None:
    """The track is the file as it is now; what was computed from its sound holds on."""
    facts = each.facts
    connection.execute(
        sa.update(track)
        .where(track.c.id == each.track_id)
        .values(size=facts.size, mtime_ns=facts.mtime_ns, file_signature=facts.file_signature)
    )
    if each.file_signature is None or each.file_signature == facts.file_signature:
        return
    for table in (feature_vector, failure, claim):
        heard = (table.c.track_id == each.track_id) & (table.c.file_signature == each.file_signature)
        connection.execute(sa.update(table).where(heard).values(file_signature=facts.file_signature))
