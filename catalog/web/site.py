"""What the handlers of a request share: the catalog, who may come in, and what was listened to."""

from __future__ import annotations

from dataclasses import dataclass

from catalog.db.database import Database
from catalog.web.access import Access
from catalog.web.address import Address
from catalog.web.listening import Listening
from catalog.web.nearby import Nearby


@dataclass(frozen=True)
class Site:
    """One running page."""

    database: Database
    address: Address
    access: Access
    listening: Listening
    nearby: Nearby
    command: str
    """How the program is called for this catalog, for advice on the page."""

    def close(self) -> None:
        """Removes what was made for this run, once or again; the database is the caller's."""
        self.listening.close()


def open_site(database: Database, address: Address, links: dict[str, str], command: str = "catalog") -> Site:
    """A site for a catalog; `links` are the tokens of this run by the reviewer's name."""
    return Site(database, address, Access(links), Listening(), Nearby(database), command)
