"""Of which version the views and the vocabulary of a catalog are: kept beside them, so that an upgrade can tell."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.tables import bundled_content
from catalog.db.upsert import insert_into


def stored_digests(connection: Connection) -> dict[str, str]:
    """The digest of each thing that a program put into the catalog, by its name."""
    return dict(connection.execute(sa.select(bundled_content.c.name, bundled_content.c.digest)).all())


def store_digest(connection: Connection, name: str, digest: str) -> None:
    """Says that the catalog has now what the digest is of."""
    insert = insert_into(connection, bundled_content).values(name=name, digest=digest)
    connection.execute(insert.on_conflict_do_update(index_elements=["name"], set_={"digest": digest}))
