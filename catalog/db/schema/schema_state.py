"""The state of a database's schema, and upgrades and downgrades."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.database import Database, DatabaseUnavailableError, DatabaseUnusableError
from catalog.db.retry import is_connection_lost
from catalog.db.schema.revisions import head_revision, known_revisions
from catalog.db.tables import bundled_content, metadata

VERSION_TABLE = "catalog_version"
COPY_TABLE = "catalog_copy"
"""Marker that exists while another catalog is being copied into this database."""
DEVELOPMENT_TABLES = frozenset({"standing", "doubt_case", "shipped"})
"""Tables of the versions before the first release, whose revisions 0001 to 0003 are not ours."""

CONNECTION_HINT = (
    "check that the server is running and that host, user and password in --database-url are right"
)


class SchemaState(Enum):
    """How a database's schema relates to this program."""

    EMPTY = auto()
    FOREIGN = auto()
    DEVELOPMENT = auto()
    HALF_COPIED = auto()
    INCOMPLETE = auto()
    OLDER = auto()
    CURRENT = auto()
    NEWER = auto()


@dataclass(frozen=True)
class SchemaRevision:
    """The revision of a database and the revision that this program needs."""

    revision: str | None
    head: str
    state: SchemaState


def inspect_schema(database: Database) -> SchemaRevision:
    """The schema of the database. Raises DatabaseUnusableError if it cannot be read."""
    head = head_revision()
    if database.file is not None and not database.file.exists():
        return SchemaRevision(None, head, SchemaState.EMPTY)
    with _reachable(database) as connection:
        tables = {*sa.inspect(connection).get_table_names()}
        revision = _stored_revision(connection) if VERSION_TABLE in tables else None
    tables -= {VERSION_TABLE}
    return SchemaRevision(revision, head, _state(revision, head, tables))


def _state(revision: str | None, head: str, tables: set[str]) -> SchemaState:
    if revision is None:
        return SchemaState.FOREIGN if tables else SchemaState.EMPTY
    if tables & DEVELOPMENT_TABLES and "track_status" not in tables:
        return SchemaState.DEVELOPMENT
    if COPY_TABLE in tables:
        return SchemaState.HALF_COPIED
    if revision == head:
        return SchemaState.CURRENT if tables >= metadata.tables.keys() else SchemaState.INCOMPLETE
    return SchemaState.OLDER if revision in known_revisions() else SchemaState.NEWER


def _stored_revision(connection: Connection) -> str | None:
    """The revision in the database; None after a downgrade to `base`."""
    query = f"SELECT version_num FROM {VERSION_TABLE} ORDER BY version_num"  # noqa: S608 - our own name
    # This program never writes several revisions: joined they are an unknown one.
    return " and ".join(connection.exec_driver_sql(query).scalars()) or None


def require_unchanged(connection: Connection, revision: str) -> None:
    """Raises DatabaseUnusableError if the schema was migrated since this process started."""
    present = connection.execute(sa.text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608 - our name
    if present != revision:
        raise DatabaseUnusableError(
            f"the catalog now has schema {present}, but this worker was started with {revision}; "
            "upgrade music-catalog on this host and restart the worker"
        )


def require_revision(name: str) -> None:
    """Raises DatabaseUnusableError unless the name is `base`, `head` or a revision of this program."""
    revisions = known_revisions()
    if name not in {"base", "head", *revisions}:
        raise DatabaseUnusableError(
            f"there is no revision {name!r}; the revisions are: base, {', '.join(revisions)}"
        )


def upgrade(database: Database, revision: str = "head") -> None:
    """Upgrades the schema to a revision. Raises DatabaseUnusableError for a database newer than the program."""
    require_compatible(inspect_schema(database))
    from catalog.db.schema.migrate import migrate_up  # imports Alembic, which few commands need

    migrate_up(database, revision)


def downgrade(database: Database, revision: str) -> None:
    """Downgrades the schema to a revision; `base` removes every table."""
    require_compatible(inspect_schema(database))
    from catalog.db.schema.migrate import migrate_down

    migrate_down(database, revision)


def require_current(database: Database) -> None:
    """Raises DatabaseUnusableError, with the command to run, unless the schema is the one this program needs."""
    schema = inspect_schema(database)
    if schema.state is SchemaState.CURRENT:
        return
    if schema.state is SchemaState.EMPTY:
        raise DatabaseUnusableError(
            f"there is no catalog in {database.place} yet; begin with: catalog ingest FOLDER"
        )
    require_compatible(schema)
    raise DatabaseUnusableError("the catalog was made by an older version; run: catalog db upgrade")


def require_compatible(schema: SchemaRevision) -> None:
    """Raises DatabaseUnusableError for a schema that no command of this program can use."""
    if schema.state is SchemaState.NEWER:
        raise DatabaseUnusableError(
            f"the catalog was made by a newer version of this program (schema {schema.revision}, "
            f"this program knows {schema.head}); upgrade it: pip install --upgrade music-catalog"
        )
    if schema.state is SchemaState.FOREIGN:
        raise DatabaseUnusableError(
            "the database belongs to another program; name an empty one with --database-url"
        )
    if schema.state is SchemaState.DEVELOPMENT:
        raise DatabaseUnusableError(
            "the catalog was made by a development version and was not changed; to keep its labels and decisions, "
            "run with that version: catalog export labels -o labels.csv; then here, with a new --home: "
            "catalog ingest FOLDER; catalog labels import labels.csv"
        )
    if schema.state is SchemaState.HALF_COPIED:
        raise DatabaseUnusableError(
            "a copy into this database did not finish; run the same catalog db copy again"
        )
    if schema.state is SchemaState.INCOMPLETE:
        raise DatabaseUnusableError(
            f"the database has revision {schema.revision}, but some of its tables are missing; "
            "restore a backup: catalog db restore FILE"
        )


def is_filled(database: Database) -> bool:
    """Whether any of our tables has a row; the program's own rows in `bundled_content` do not count."""
    with database.read() as connection:
        present = {*sa.inspect(connection).get_table_names()}
        tables = (
            table
            for name, table in metadata.tables.items()
            if name in present and table is not bundled_content
        )
        return any(connection.execute(sa.select(sa.exists().select_from(table))).scalar() for table in tables)


@contextmanager
def _reachable(database: Database) -> Iterator[Connection]:
    try:
        with database.read() as connection:
            yield connection
    except sa.exc.OperationalError as error:
        reason = str(error.orig).strip().splitlines()[0]
        if database.file is not None and database.file.is_dir():
            reason = f"{database.file} is a folder; name a file, as in sqlite:////folder/catalog.db"
        elif "readonly" in reason or "unable to open" in reason:
            reason = (
                "SQLite writes next to the file even to read it; correct the permissions of the file and its folder, "
                "or copy the file and its -wal to a writable disk"
            )
        elif not database.is_sqlite:
            reason = f"{reason}; {CONNECTION_HINT}"
        kind = DatabaseUnavailableError if is_connection_lost(error) else DatabaseUnusableError
        raise kind(f"the database cannot be opened: {reason}") from None
    except sa.exc.DatabaseError as error:
        raise DatabaseUnusableError(f"the file is not a database: {error.orig}") from None
