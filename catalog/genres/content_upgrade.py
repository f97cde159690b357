"""Updates the views and the built-in vocabulary of a catalog after an upgrade of the program."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.database import BUSY_TIMEOUT_SECONDS, Database, DatabaseUnusableError
from catalog.db.schema.bundled_content import stored_digests
from catalog.db.schema.views import VIEWS, create_views, views_digest
from catalog.genres.seeds import SEEDS, digest

LOCK_TIMEOUT_MS = 500
"""The wait for another writer is short, because the next command can do the update as well."""

log = logging.getLogger(__name__)


def is_content_outdated(database: Database) -> bool:
    """Whether the views or the seeds in the catalog are from another version of the program."""
    with database.read() as connection:
        digests = stored_digests(connection)
    return digests.get(VIEWS) != views_digest(database.reader.dialect.name) or digests.get(SEEDS) != digest()


def upgrade_content(connection: Connection) -> None:
    """Recreates the views and inserts new seeds. Raises DatabaseUnusableError if a user's view depends on ours."""
    from catalog.genres.seed import seed_vocabulary  # rarely needed, so not imported by every command

    create_views(connection)
    seed_vocabulary(connection)


def upgrade_content_if_possible(database: Database) -> str | None:
    """Updates an outdated catalog. If it cannot be written now, the command continues with the old content.

    Returns a warning if a user's view depends on ours; None otherwise.
    """
    try:
        if is_content_outdated(database):
            with _short_lock(database) as connection:
                upgrade_content(connection)
    except (sa.exc.DBAPIError, sqlite3.OperationalError) as error:
        log.info("views and vocabulary of another version were not updated: %s", error)
    except DatabaseUnusableError as error:
        return f"views were not updated: {error}"
    return None


@contextmanager
def _short_lock(database: Database) -> Iterator[Connection]:
    """A writing transaction with a short lock timeout."""
    with database.writer.connect() as connection:
        if database.is_sqlite:
            connection.connection.execute(f"PRAGMA busy_timeout = {LOCK_TIMEOUT_MS}")
        try:
            with connection.begin():
                if not database.is_sqlite:
                    connection.exec_driver_sql(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}")
                yield connection
        finally:
            if database.is_sqlite:
                connection.connection.execute(f"PRAGMA busy_timeout = {1000 * BUSY_TIMEOUT_SECONDS}")
