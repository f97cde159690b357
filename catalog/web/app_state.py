"""What the handlers of a request share: the catalog, who may come in, and what was listened to."""

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
    """One running page."""

    database: Database
    address: Address
    access: Auth
    listening: MediaCache
    nearby: NeighborIndexCache
    command: str
    """How the program is called for this catalog, for advice on the page."""
    settings: Settings | None = None
    """With them the metrics tell of the queue too."""


def open_app_state(
    database: Database, address: Address, links: dict[str, str], settings: Settings | None = None
) -> AppState:
    """A site for a catalog; `links` are the tokens of this run by the reviewer's name."""
    command = "catalog" if settings is None else settings.command
    return AppState(
        database, address, Auth(links), MediaCache(), NeighborIndexCache(database), command, settings
    )
