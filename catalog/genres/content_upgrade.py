"""What an upgrade of the program changes in a catalog without a migration: the views, and the seeds of the vocabulary."""

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

PATIENCE_MS = 500
"""How long to wait for somebody who writes: what is to be done can be done by the next command as well."""

log = logging.getLogger(__name__)


def is_content_outdated(database: Database) -> bool:
    """Whether the views or the seeds in the catalog are those of another version of the program."""
    with database.read() as connection:
        kept = stored_digests(connection)
    return kept.get(VIEWS) != views_digest(database.reader.dialect.name) or kept.get(SEEDS) != digest()


def upgrade_content(connection: Connection) -> None:
    """Makes the views of this version, and puts in what its vocabulary has more.

    Raises DatabaseUnusableError where a view of somebody else uses one of ours.
    """
    from catalog.genres.seed import seed_vocabulary  # what is as it should be is not renewed

    create_views(connection)
    seed_vocabulary(connection)


def upgrade_content_if_possible(database: Database) -> None:
    """Renews an outdated catalog. Who may only read it, or comes while it is written to, goes on with what is there."""
    try:
        if is_content_outdated(database):
            with _impatient(database) as connection:
                upgrade_content(connection)
    except (sa.exc.DBAPIError, sqlite3.OperationalError) as error:
        log.info("the views and the vocabulary stay as another version made them: %s", error)
    except DatabaseUnusableError as error:
        log.warning("views were not updated: %s", error)


@contextmanager
def _impatient(database: Database) -> Iterator[Connection]:
    """A writing transaction that does not wait long for others."""
    with database.writer.connect() as connection:
        if database.is_sqlite:
            connection.connection.execute(f"PRAGMA busy_timeout = {PATIENCE_MS}")
        try:
            with connection.begin():
                if not database.is_sqlite:
                    connection.exec_driver_sql(f"SET LOCAL lock_timeout = {PATIENCE_MS}")
                yield connection
        finally:
            if database.is_sqlite:
                connection.connection.execute(f"PRAGMA busy_timeout = {1000 * BUSY_TIMEOUT_SECONDS}")
