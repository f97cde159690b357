"""The schema's revision: what the database has, what the program wants, and the way between them."""

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
"""Is there while another catalog is being copied into this database."""

CONNECTION_HINT = "see that the server runs, and that address, name and password in --database-url are right"


class SchemaState(Enum):
    """How a database's schema fits this program."""

    EMPTY = auto()
    FOREIGN = auto()
    HALF_COPIED = auto()
    INCOMPLETE = auto()
    OLDER = auto()
    CURRENT = auto()
    NEWER = auto()


@dataclass(frozen=True)
class SchemaRevision:
    """The revision that a database has, beside the one this program wants."""

    revision: str | None
    head: str
    fit: SchemaState


def inspect_schema(database: Database) -> SchemaRevision:
    """Where the schema of the database stands. Raises DatabaseUnusableError where it cannot be reached."""
    head = head_revision()
    if database.file is not None and not database.file.exists():
        return SchemaRevision(None, head, SchemaState.EMPTY)
    with _reachable(database) as connection:
        tables = {*sa.inspect(connection).get_table_names()}
        revision = _kept_revision(connection) if VERSION_TABLE in tables else None
    tables -= {VERSION_TABLE}
    if revision is None:
        fit = SchemaState.FOREIGN if tables else SchemaState.EMPTY
    elif COPY_TABLE in tables:
        fit = SchemaState.HALF_COPIED
    elif revision == head:
        fit = SchemaState.CURRENT if tables >= metadata.tables.keys() else SchemaState.INCOMPLETE
    else:
        fit = SchemaState.OLDER if revision in known_revisions() else SchemaState.NEWER
    return SchemaRevision(revision, head, fit)


def _kept_revision(connection: Connection) -> str | None:
    """What stands in the database; None for one that was taken back to its beginning."""
    query = f"SELECT version_num FROM {VERSION_TABLE} ORDER BY version_num"  # noqa: S608 -- ours
    # Several of them are of no program of ours: together they are a revision that nobody knows.
    return " and ".join(connection.exec_driver_sql(query).scalars()) or None


def require_unchanged(connection: Connection, revision: str) -> None:
    """Raises DatabaseUnusableError where the schema has been taken elsewhere since this process began."""
    present = connection.execute(sa.text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608 -- ours
    if present != revision:
        raise DatabaseUnusableError(
            f"the catalog has schema {present} now, and this worker knows {revision}; "
            "upgrade music-catalog on this host and start the worker again"
        )


def require_revision(name: str) -> None:
    """Raises DatabaseUnusableError unless `base`, `head` or a revision of this program is called so."""
    known = known_revisions()
    if name not in {"base", "head", *known}:
        raise DatabaseUnusableError(f"there is no revision {name!r}; there are: base, {', '.join(known)}")


def upgrade(database: Database, revision: str = "head") -> None:
    """Brings the schema up to a revision. Raises DatabaseUnusableError for a database newer than the program."""
    _refuse_strangers(database)
    from catalog.db.schema.migrate import migrate_up  # with Alembic, which few commands need

    migrate_up(database, revision)


def downgrade(database: Database, revision: str) -> None:
    """Takes the schema back to a revision (`base` removes every table)."""
    _refuse_strangers(database)
    from catalog.db.schema.migrate import migrate_down

    migrate_down(database, revision)


def require_current(database: Database) -> None:
    """Raises DatabaseUnusableError, with the command to run, unless the schema is what this program wants."""
    schema = inspect_schema(database)
    if schema.fit is SchemaState.CURRENT:
        return
    if schema.fit is SchemaState.EMPTY:
        raise DatabaseUnusableError(
            f"there is no catalog yet in {database.place}; begin with: catalog ingest FOLDER"
        )
    require_compatible(schema)
    raise DatabaseUnusableError("the catalog was made by an older version; run: catalog db upgrade")


def _refuse_strangers(database: Database) -> None:
    require_compatible(inspect_schema(database))


def require_compatible(schema: SchemaRevision) -> None:
    """Raises DatabaseUnusableError for what this program cannot work with, whatever it is to do."""
    if schema.fit is SchemaState.NEWER:
        raise DatabaseUnusableError(
            f"the catalog was made by a newer version of this program (schema {schema.revision}, "
            f"this program knows {schema.head}); upgrade it: pip install --upgrade music-catalog"
        )
    if schema.fit is SchemaState.FOREIGN:
        raise DatabaseUnusableError(
            "the database belongs to another program; name an empty one with --database-url"
        )
    if schema.fit is SchemaState.HALF_COPIED:
        raise DatabaseUnusableError(
            "a copy into this database was not finished; the same catalog db copy again goes on with it"
        )
    if schema.fit is SchemaState.INCOMPLETE:
        raise DatabaseUnusableError(
            f"the database says that it is at revision {schema.revision}, but has not all of its tables; "
            "restore a backup: catalog db restore FILE"
        )


def is_filled(database: Database) -> bool:
    """Whether any table of ours has a row; what every catalog has of the program itself does not count."""
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
            # SQLite keeps books on its readers beside the file.
            reason = (
                "SQLite writes beside the file even to read it; mend the permissions of the file and its folder, "
                "or copy both it and its -wal to a disk that can be written to"
            )
        elif not database.is_sqlite:
            reason = f"{reason}; {CONNECTION_HINT}"
        kind = DatabaseUnavailableError if is_connection_lost(error) else DatabaseUnusableError
        raise kind(f"the database cannot be opened: {reason}") from None
    except sa.exc.DatabaseError as error:
        raise DatabaseUnusableError(f"the file is not a database: {error.orig}") from None
