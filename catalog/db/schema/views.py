"""The SQL views, created from their files."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from itertools import takewhile

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.database import DatabaseUnusableError
from catalog.db.schema.bundled_content import store_digest
from catalog.db.sql_files import read_sql

VIEWS = "views"
"""The name of their digest in `bundled_content`."""

DEPENDED_ON = "2BP01"
"""PostgreSQL's error code for an object that other objects depend on."""


def view_names() -> list[str]:
    """The names of all views, sorted; no view uses another one."""
    return sorted(
        entry.name.removesuffix(".sql")
        for entry in files("catalog.db.schema").joinpath("views").iterdir()
        if entry.name.endswith(".sql")
    )


def view_definition(name: str, dialect: str) -> str:
    """The query of a view, without the leading comment."""
    text = read_sql(f"schema/views/{name}.sql", dialect)
    return "\n".join(line for line in text.splitlines() if not line.startswith("--")).strip().rstrip(";")


def view_description(name: str) -> str:
    """The leading comment of the view's file."""
    text = read_sql(f"schema/views/{name}.sql", "sqlite")
    head = takewhile(lambda line: line.startswith("--"), text.splitlines())
    return " ".join(line.removeprefix("--").strip() for line in head)


@cache
def views_digest(dialect: str) -> str:
    """The digest of all views, which differs between versions that changed one."""
    texts = [(name, view_definition(name, dialect)) for name in view_names()]
    return hashlib.sha256(repr(texts).encode()).hexdigest()


def drop_views(connection: Connection) -> None:
    """Drops our views. Raises DatabaseUnusableError on PostgreSQL if a view of a user depends on one."""
    for name in view_names():
        try:
            connection.exec_driver_sql(f"DROP VIEW IF EXISTS {name}")
        except sa.exc.DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) != DEPENDED_ON:
                raise
            detail = getattr(getattr(error.orig, "diag", None), "message_detail", None)
            user = (detail or f"something depends on view {name}").splitlines()[0]
            raise DatabaseUnusableError(
                f"{user}; drop what is yours, run: catalog db upgrade, and make it again"
            ) from None


def create_views(connection: Connection) -> None:
    """Recreates all views and stores their digest."""
    dialect = connection.dialect.name
    drop_views(connection)
    for name in view_names():
        definition = view_definition(name, dialect).replace("%", "%%")
        connection.exec_driver_sql(f"CREATE VIEW {name} AS {definition}")
    store_digest(connection, VIEWS, views_digest(dialect))
