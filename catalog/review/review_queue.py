"""The review queue: cases, most suspicious first, mixed with tracks of the audit sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.columns import now
from catalog.db.tables import decision
from catalog.review.audit_sample.audit_sample import BlindTrack, next_sample_track, sample_lease_key
from catalog.review.case_list import Filters
from catalog.review.lease import next_case, release

SAMPLE_EVERY = 5
"""Every fifth question is a track of the audit sample, while there is one."""


@dataclass(frozen=True, slots=True)
class QueueItem:
    """The next question: a case, or a track of the audit sample."""

    case_id: str | None
    blind: BlindTrack | None

    @property
    def key(self) -> str:
        """The key of the lease, and the value for `after`."""
        if self.blind is not None:
            return sample_lease_key(self.blind.track_id)
        assert self.case_id is not None, "a question is one of the two"
        return self.case_id


def next_item(
    connection: Connection,
    reviewer: str,
    filters: Filters | None = None,
    *,
    after: str | None = None,
    behind: Sequence[str] = (),
    mixed: bool = True,
    every: int = SAMPLE_EVERY,
    moment: datetime | None = None,
) -> QueueItem | None:
    """The reviewer's next question, now leased to them; None if others have the rest.

    `after` is the key of the question that was just decided or skipped; its lease ends. `behind` holds the keys of
    the last case and the last sample track that the reviewer saw: the search continues behind them. `mixed` allows a
    sample track in place of a case. It is false when the reviewer skips: otherwise every skip would offer the same
    sample track. After the last case the rest of the sample follows. Needs a writing transaction.
    """
    moment = moment or now()
    skipped = _sample_track(after)
    last_case = next((key for key in behind if _sample_track(key) is None), None)
    last_track = next((track for track in map(_sample_track, behind) if track is not None), None)
    if skipped is not None:
        release(connection, reviewer, after)
    if mixed and skipped is None and batch_count(connection, reviewer) % every == every - 1:
        blind = next_sample_track(connection, reviewer, behind=last_track, moment=moment)
        if blind is not None:
            if after is not None:
                release(connection, reviewer, after)
            return QueueItem(None, blind)
    case_id = next_case(
        connection,
        reviewer,
        filters,
        after=None if skipped is not None else after,
        behind=last_case,
        moment=moment,
    )
    if case_id is not None:
        return QueueItem(case_id, None)
    blind = next_sample_track(connection, reviewer, after=skipped, behind=last_track, moment=moment)
    return None if blind is None else QueueItem(None, blind)


def batch_count(connection: Connection, reviewer: str) -> int:
    """Number of batches that the reviewer decided, including undone ones."""
    counted = sa.select(sa.func.count(sa.distinct(decision.c.batch))).where(
        decision.c.reviewer == reviewer, decision.c.verdict != "undo"
    )
    return int(connection.execute(counted).scalar_one())


def _sample_track(key: str | None) -> int | None:
    """The track id in the key of a sample track."""
    kind, _, track_id = (key or "").partition(":")
    return int(track_id) if kind == "sample" and track_id.isdecimal() else None
