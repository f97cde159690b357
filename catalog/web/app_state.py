"""State that all request handlers share: database, authentication, caches, settings, the neighbor index."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock

import sqlalchemy as sa

from catalog.db.database import Database
from catalog.review.similar_tracks import NeighborIndex, load_neighbor_index
from catalog.settings import Settings
from catalog.web.auth import Auth
from catalog.web.media.media_cache import MediaCache
from catalog.web.server_address import Address

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


@dataclass(frozen=True)
class AppState:
    """The state of one running server."""

    database: Database
    address: Address
    auth: Auth
    media: MediaCache
    neighbors: NeighborIndexCache
    command: str
    """The command line of the program for this catalog, for instructions on the page."""
    settings: Settings | None = None
    """With settings the Prometheus metrics include the queue."""


def open_app_state(
    database: Database, address: Address, auth: Auth, settings: Settings | None = None
) -> AppState:
    """The state for a catalog."""
    command = "catalog" if settings is None else settings.command
    return AppState(database, address, auth, MediaCache(), NeighborIndexCache(database), command, settings)
