"""What a killed write left: half-made replacements are taken away, and the journal is told what the files are."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Row

from catalog.collection.scan.file_tags import read_file_tags
from catalog.db.database import Database
from catalog.db.tables import collection, tag_write, track
from catalog.genres.vocabulary import Vocabulary
from catalog.writeback.target_file import Facts, TargetFile, discard, facts_of
from catalog.writeback.write_journal import Rewritten, note_failed, note_not_undone, note_undone, note_written
from catalog.writeback.write_run import replacement_name

INTERRUPTED = "the run was ended before this file was changed; it is as it was"
GONE = "the run was ended, and the file is not there any more"
LOST = "the run was ended, and the file is neither as it was nor as it was to be"


@dataclass(frozen=True, slots=True)
class Recovered:
    """What a killed run had done and not noted, and what it had not done."""

    written: int
    undone: int
    untouched: int


def recover(database: Database, vocabulary: Vocabulary) -> Recovered:
    """Finishes the journal of runs that were killed. Call it within `only_writer`: nobody else is at work then."""
    left = tag_write.c.state == "planned"
    undoing = (tag_write.c.state == "written") & tag_write.c.undone_at.is_not(None)
    with database.read() as connection:
        rows = connection.execute(
            sa.select(tag_write, track.c.file_signature, collection.c.root_bytes)
            .join_from(tag_write, track, track.c.id == tag_write.c.track_id)
            .join(collection, collection.c.id == track.c.collection_id)
            .where(sa.or_(left, undoing))
            .order_by(tag_write.c.id)
        ).all()
    written: list[Rewritten] = []
    undone: list[Rewritten] = []
    failed: dict[int, str] = {}
    standing_still: dict[int, str] = {}
    for row in rows:
        if not os.path.isdir(row.root_bytes or b""):  # noqa: PTH112 - bytes
            # A disk that is not mounted: what the file is shows when it is.
            continue
        found = _look(row)
        is_undo = row.state == "written"
        digest = None if found is None else found.facts.digest
        if found is not None and is_undo and digest == row.before_digest:
            undone.append(found)
        elif found is not None and not is_undo and digest == row.after_digest:
            written.append(found)
        elif found is None:
            (standing_still if is_undo else failed)[row.id] = GONE
        elif is_undo:
            standing_still[row.id] = INTERRUPTED
        else:
            is_as_it_was = row.before_digest is None or digest == row.before_digest
            failed[row.id] = INTERRUPTED if is_as_it_was else LOST
    if rows:
        with database.write() as connection:
            note_written(connection, written, vocabulary)
            note_undone(connection, undone, vocabulary)
            note_failed(connection, failed)
            note_not_undone(connection, standing_still)
    return Recovered(len(written), len(undone), len(failed) + len(standing_still))


def _look(row: Row[Any]) -> Rewritten | None:
    """The file of a row as it is now, its replacement taken away; None where it is not there."""
    name = os.path.realpath(os.path.join(row.root_bytes or b"", row.path_bytes))  # noqa: PTH118 - bytes
    try:
        with open(name, "rb") as stream:  # noqa: PTH123 - bytes
            place = TargetFile(name, os.fstat(stream.fileno()))
            discard(replacement_name(place, row.batch, row.id))
            facts: Facts = facts_of(stream)
            values = read_file_tags(stream, os.path.basename(row.path_bytes)).genres  # noqa: PTH119
    except OSError:
        return None
    return Rewritten(row.id, row.track_id, facts, row.file_signature, values)
