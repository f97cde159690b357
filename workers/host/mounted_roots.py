"""Which collections this host can see."""

from __future__ import annotations

import os

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.tables import collection
from workers.host.root_mapping import RootMapping


def is_root_mounted(root: bytes) -> bool:
    """Whether a collection's root is there and has anything in it: an unmounted disk leaves an empty folder."""
    try:
        with os.scandir(root) as entries:
            return next(entries, None) is not None
    except OSError:
        return False


def unmounted_roots(connection: Connection, roots: RootMapping | None = None) -> list[int]:
    """The ids of collections whose folder this host does not have. `roots` says where this host has them."""
    roots = roots or RootMapping()
    folders = sa.select(collection.c.id, collection.c.root_bytes).where(collection.c.root_bytes.is_not(None))
    return [key for key, root in connection.execute(folders).all() if not is_root_mounted(roots.here(root))]
