"""The way from one revision of the schema to another, which Alembic knows; only who goes it imports this."""

from __future__ import annotations

import re
from collections.abc import Callable

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection

from catalog.db.database import Database, DatabaseUnusableError
from catalog.db.schema.revisions import migrations_folder

OTHERWISE = re.compile("already exists|does not exist|no such|duplicate column")
"""What both databases say of a table or column that is there and should not be, or the other way round."""


def alembic_config(connection: Connection | None = None) -> Config:
    """Alembic's configuration, which needs no file: it works from an installed wheel too."""
    config = Config()
    config.set_main_option("script_location", str(migrations_folder()).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def migrate_up(database: Database, revision: str) -> None:
    """Runs the migrations up to a revision. Raises DatabaseUnusableError for a schema that they do not fit."""
    _migrate(database, lambda config: command.upgrade(config, revision))


def migrate_down(database: Database, revision: str) -> None:
    """Takes migrations back, down to a revision. Raises DatabaseUnusableError for a schema that they do not fit."""
    _migrate(database, lambda config: command.downgrade(config, revision))


def _migrate(database: Database, run: Callable[[Config], None]) -> None:
    """One transaction for the whole way, with SQLite's foreign keys off: a batch rebuild of a table drops it, and
    a drop with cascades on deletes what refers to it.
    """
    with database.writer.connect() as connection:
        if database.is_sqlite:
            connection.connection.execute("PRAGMA foreign_keys = OFF")
        try:
            with connection.begin():
                try:
                    run(alembic_config(connection))
                except CommandError as error:
                    raise DatabaseUnusableError(f"the schema cannot be taken there: {error}") from None
                except (sa.exc.ProgrammingError, sa.exc.OperationalError) as error:
                    reason = str(error.orig).strip().splitlines()[0]
                    if not OTHERWISE.search(reason):
                        raise
                    raise DatabaseUnusableError(
                        f"the schema is not as its revision left it ({reason}); nothing was changed: "
                        "restore a backup into an empty database"
                    ) from None
                if database.is_sqlite:
                    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
                    if broken:
                        raise DatabaseUnusableError(
                            f"the migration would break {len(broken)} references; nothing was changed"
                        )
        finally:
            # The connection goes back to the pool: after a migration that failed, too, it must keep references whole.
            if database.is_sqlite:
                connection.connection.execute("PRAGMA foreign_keys = ON")
