"""The database as a worker process opens it, which gives up writing elsewhere before it decodes."""

from __future__ import annotations

import sqlalchemy as sa

from catalog.db.database import Database, open_database
from catalog.db.schema.schema import require_current


def open_child_database(url: str) -> Database:
    """The database. Raises DatabaseUnusableError unless its schema is what this program wants."""
    database = open_database(url)
    require_current(database)
    if database.is_sqlite:
        # Not in temporary files, which a confined process cannot make.
        sa.event.listen(database.writer, "connect", lambda one, _: one.execute("PRAGMA temp_store = MEMORY"))
    return database
