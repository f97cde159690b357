"""Feeding the queue from the database: a bounded number of jobs, however many tracks are pending."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from catalog.db.tables import claim, track
from catalog.features.stored_feature_set import StoredFeatureSet
from catalog.features.vectors import tracks_without_vector
from workers.broker.job_queue import enqueue, queued

if TYPE_CHECKING:
    from rq import Queue

MOST_JOBS = 64
"""Jobs in the queue at most; fed again when half of them are gone."""
LARGEST_BATCH = 24
"""Tracks in a job at most: a job costs 50 ms for its fork and for statements that are compiled anew, of which a track
should bear little. What is lost with a worker that dies is one track, however many there are in its job.
"""


def pending(recipe_ids: Sequence[int], where: ColumnElement[bool] | None = None) -> sa.Select[int]:
    """The query of tracks to be heard that nobody is at work on."""
    is_claimed = sa.exists().where(claim.c.track_id == track.c.id, claim.c.worker_id.is_not(None))
    return tracks_without_vector(recipe_ids, where).where(~is_claimed)


class QueueFeeder:
    """Feeds one queue, going through the pending tracks by id and then from the start again."""

    def __init__(
        self, queue: Queue, recipes: Sequence[StoredFeatureSet], time_limit: int, workers: int
    ) -> None:
        self._queue = queue
        self._recipe_ids = [recipe.id for recipe in recipes]
        self._hashes = [recipe.hash for recipe in recipes]
        self._time_limit = time_limit
        self._workers = workers
        self._last = 0

    def top_up(self, connection: Connection, where: ColumnElement[bool] | None = None) -> int:
        """Puts pending tracks into the queue if it runs low; gives how many. They may be claimed before they come up,
        and may be in the queue twice: whoever takes them out asks the database.
        """
        room = MOST_JOBS - self._queue.count
        if room < MOST_JOBS / 2:
            return 0
        limit = room * LARGEST_BATCH
        waiting = queued(self._queue)
        query = pending(self._recipe_ids, where).where(track.c.id > self._last)
        # As many more as could be in the queue already.
        ids = list(connection.execute(query.order_by(track.c.id).limit(limit + len(waiting))).scalars())
        self._last = ids[limit - 1] if len(ids) > limit else 0
        fresh = [track_id for track_id in ids[:limit] if track_id not in waiting]
        batches = self._batches(fresh, room, is_all=len(ids) <= limit)
        if batches:
            enqueue(self._queue, batches, self._hashes, self._time_limit)
        fed = sum(map(len, batches))
        if fed < len(fresh):
            self._last = batches[-1][-1]
        return fed

    def _batches(self, ids: Sequence[int], most: int, *, is_all: bool) -> list[Sequence[int]]:
        """Batches that become smaller towards the end of all that is pending, so that workers end together."""
        batches: list[Sequence[int]] = []
        start = 0
        while start < len(ids) and len(batches) < most:
            share = (len(ids) - start) // (2 * self._workers) if is_all else LARGEST_BATCH
            size = min(LARGEST_BATCH, max(1, share))
            batches.append(ids[start : start + size])
            start += size
        return batches
