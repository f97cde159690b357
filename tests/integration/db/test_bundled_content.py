"""Digests of bundled content."""

from __future__ import annotations

from catalog.db.database import Database
from catalog.db.schema.bundled_content import store_digest, stored_digests


def test_a_digest_is_stored_once_by_name(database: Database) -> None:
    with database.write() as connection:
        before = stored_digests(connection)
        assert set(before) == {"seeds", "views"}
        store_digest(connection, "views", "first")
        store_digest(connection, "views", "second")
        assert stored_digests(connection) == before | {"views": "second"}
