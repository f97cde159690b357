"""The neighborhood of tracks, loaded once for many questions and again when it is old."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from threading import Lock

import sqlalchemy as sa

from catalog.db.database import Database
from catalog.review.similar_tracks import NeighborIndex, load_neighbor_index

OLD = 600.0
"""Seconds. It does not follow the database: who is confirmed meanwhile comes first only after so long."""


class NeighborIndexCache:
    """Keeps the neighborhood."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.monotonic) -> None:
        """Nothing is loaded yet."""
        self._database = database
        self._clock = clock
        self._lock = Lock()
        self._loaded_at: float | None = None
        self._near: NeighborIndex | None = None

    def warm(self) -> None:
        """Loads it ahead of the first question. What goes wrong will be said to whoever asks."""
        with suppress(sa.exc.SQLAlchemyError):
            self.neighborhood()

    def neighborhood(self) -> NeighborIndex | None:
        """The tracks by what they sound like; None where no model or no vectors say so."""
        with self._lock:
            if self._loaded_at is None or self._clock() - self._loaded_at > OLD:
                with self._database.read() as connection:
                    self._near = load_neighbor_index(connection)
                self._loaded_at = self._clock()
            return self._near
