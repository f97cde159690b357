"""Feeds the queue with the pending tracks of the database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from catalog.db.database import Database
from catalog.db.tables import claim, track
from catalog.features.stored_feature_set import StoredFeatureSet
from catalog.features.vectors import tracks_without_vector
from workers.broker.job_queue import enqueue, queued_track_ids

if TYPE_CHECKING:
    from rq import Queue

MAX_JOBS = 64
"""Jobs in the queue at most. It is fed again when half of them are gone."""
MAX_BATCH_SIZE = 24
"""Tracks in a job at most. A job costs 50 ms for its fork and for SQL statements that are compiled again, of which each
track should bear little. If a worker dies, only one track of the job is lost.
"""


def pending_tracks(
    feature_set_ids: Sequence[int], where: ColumnElement[bool] | None = None
) -> sa.Select[int]:
    """The query of pending tracks that no worker has claimed."""
    is_claimed = sa.exists().where(claim.c.track_id == track.c.id, claim.c.worker_id.is_not(None))
    return tracks_without_vector(feature_set_ids, where).where(~is_claimed)


class QueueFeeder:
    """Feeds one queue in the order of track ids, and starts again at the end."""

    def __init__(
        self, queue: Queue, feature_sets: Sequence[StoredFeatureSet], time_limit: int, workers: int
    ) -> None:
        self._queue = queue
        self._feature_set_ids = [stored.id for stored in feature_sets]
        self._hashes = [stored.hash for stored in feature_sets]
        self._time_limit = time_limit
        self._workers = workers
        self._last = 0

    def feed(self, database: Database, where: ColumnElement[bool] | None = None) -> None:
        """Runs `top_up` in a read transaction."""
        with database.read() as connection:
            self.top_up(connection, where)

    def top_up(self, connection: Connection, where: ColumnElement[bool] | None = None) -> int:
        """Adds pending tracks to the queue if it runs low. Returns their number.

        A track may be claimed before its job runs, and may be queued twice: the job checks the database.
        """
        free = MAX_JOBS - self._queue.count
        if free < MAX_JOBS / 2:
            return 0
        limit = free * MAX_BATCH_SIZE
        queued = queued_track_ids(self._queue)
        query = pending_tracks(self._feature_set_ids, where).where(track.c.id > self._last)
        # The queue may already contain some of them.
        ids = list(connection.execute(query.order_by(track.c.id).limit(limit + len(queued))).scalars())
        self._last = ids[limit - 1] if len(ids) > limit else 0
        fresh = [track_id for track_id in ids[:limit] if track_id not in queued]
        batches = self._batches(fresh, free, is_all=len(ids) <= limit)
        if batches:
            enqueue(self._queue, batches, self._hashes, self._time_limit)
        added = sum(map(len, batches))
        if added < len(fresh):
            self._last = batches[-1][-1]
        return added

    def _batches(self, ids: Sequence[int], count: int, *, is_all: bool) -> list[Sequence[int]]:
        """At most `count` batches. At the end of all pending tracks they are smaller, so that workers end together."""
        batches: list[Sequence[int]] = []
        start = 0
        while start < len(ids) and len(batches) < count:
            share = (len(ids) - start) // (2 * self._workers) if is_all else MAX_BATCH_SIZE
            size = min(MAX_BATCH_SIZE, max(1, share))
            batches.append(ids[start : start + size])
            start += size
        return batches
