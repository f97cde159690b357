"""Migrations by Alembic; imported only by commands that migrate, because Alembic is slow to import."""

from __future__ import annotations

import re
from collections.abc import Callable

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection

from catalog.db.database import Database, DatabaseUnusableError
from catalog.db.schema.constraints import without_foreign_keys
from catalog.db.schema.revisions import migrations_folder

SCHEMA_MISMATCH = re.compile("already exists|does not exist|no such|duplicate column")
"""Error messages of both databases for a table or column that exists unexpectedly, or is missing."""


def alembic_config(connection: Connection | None = None) -> Config:
    """Alembic's configuration without a file, so that it also works from an installed wheel."""
    config = Config()
    config.set_main_option("script_location", str(migrations_folder()).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def migrate_up(database: Database, revision: str) -> None:
    """Runs the migrations up to a revision. Raises DatabaseUnusableError if the schema does not match its revision."""
    _migrate(database, lambda config: command.upgrade(config, revision))


def migrate_down(database: Database, revision: str) -> None:
    """Reverts migrations down to a revision. Raises DatabaseUnusableError if the schema does not match its revision."""
    _migrate(database, lambda config: command.downgrade(config, revision))


def _migrate(database: Database, run: Callable[[Config], None]) -> None:
    """Runs all migrations in one transaction without SQLite's foreign keys: a batch migration drops and recreates the
    table, and the drop would cascade.
    """
    with without_foreign_keys(database) as connection:
        try:
            run(alembic_config(connection))
        except CommandError as error:
            raise DatabaseUnusableError(f"the schema cannot be migrated: {error}") from None
        except (sa.exc.ProgrammingError, sa.exc.OperationalError) as error:
            reason = str(error.orig).strip().splitlines()[0]
            if not SCHEMA_MISMATCH.search(reason):
                raise
            raise DatabaseUnusableError(
                f"the schema differs from its revision ({reason}); nothing was changed: "
                "restore a backup into an empty database"
            ) from None
        if database.is_sqlite:
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
            if broken:
                raise DatabaseUnusableError(
                    f"the migration would break {len(broken)} references; nothing was changed"
                )
