"""Digests of the views and seeds in a catalog, which show whether they are from another version of the program."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.tables import bundled_content
from catalog.db.upsert import insert_into


def stored_digests(connection: Connection) -> dict[str, str]:
    """The digests by name."""
    return dict(connection.execute(sa.select(bundled_content.c.name, bundled_content.c.digest)).all())


def store_digest(connection: Connection, name: str, digest: str) -> None:
    """Stores the digest of content that was just written."""
    insert = insert_into(connection, bundled_content).values(name=name, digest=digest)
    connection.execute(insert.on_conflict_do_update(index_elements=["name"], set_={"digest": digest}))
