"""Cache of the neighbor index, which is reloaded after ten minutes."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from threading import Lock

import sqlalchemy as sa

from catalog.db.database import Database
from catalog.review.similar_tracks import NeighborIndex, load_neighbor_index

MAX_AGE = 600.0
"""Seconds. The index does not follow the database: new decisions appear in it after this time."""


class NeighborIndexCache:
    """Holds one neighbor index."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.monotonic) -> None:
        """Creates an empty cache."""
        self._database = database
        self._clock = clock
        self._lock = Lock()
        self._loaded_at: float | None = None
        self._index: NeighborIndex | None = None

    def warm(self) -> None:
        """Loads the index before the first request. Database errors are ignored here and raised by `get`."""
        with suppress(sa.exc.SQLAlchemyError):
            self.get()

    def get(self) -> NeighborIndex | None:
        """The neighbor index; None without a model or vectors."""
        with self._lock:
            if self._loaded_at is None or self._clock() - self._loaded_at > MAX_AGE:
                with self._database.read() as connection:
                    self._index = load_neighbor_index(connection)
                self._loaded_at = self._clock()
            return self._index
