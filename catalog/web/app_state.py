"""State that all request handlers share: database, authentication, caches, settings."""

from __future__ import annotations

from dataclasses import dataclass

from catalog.db.database import Database
from catalog.settings import Settings
from catalog.web.address import Address
from catalog.web.auth import Auth
from catalog.web.media.media_cache import MediaCache
from catalog.web.neighbor_index_cache import NeighborIndexCache


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
    database: Database, address: Address, links: dict[str, str], settings: Settings | None = None
) -> AppState:
    """The state for a catalog; `links` are the tokens of this run by reviewer name."""
    command = "catalog" if settings is None else settings.command
    return AppState(
        database, address, Auth(links), MediaCache(), NeighborIndexCache(database), command, settings
    )
