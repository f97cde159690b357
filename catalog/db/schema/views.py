"""The views that users and scripts rely on: dropped, and made from their files."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from itertools import takewhile

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.database import DatabaseUnusableError
from catalog.db.schema.bundled_content import store_digest
from catalog.db.sql import read_sql

VIEWS = "views"
"""The name under which `bundled_content` has their digest."""

DEPENDED_ON = "2BP01"
"""PostgreSQL's code of what is not dropped because something depends on it."""


def view_names() -> list[str]:
    """The names of all views, in an order in which each can be made: none uses a later one."""
    return sorted(
        entry.name.removesuffix(".sql")
        for entry in files("catalog.db.schema").joinpath("views").iterdir()
        if entry.name.endswith(".sql")
    )


def view_definition(name: str, dialect: str) -> str:
    """The query of a view, without the comment at its head."""
    text = read_sql(f"schema/views/{name}.sql", dialect)
    return "\n".join(line for line in text.splitlines() if not line.startswith("--")).strip().rstrip(";")


def view_description(name: str) -> str:
    """What the comment at the head of the view's file says."""
    text = read_sql(f"schema/views/{name}.sql", "sqlite")
    head = takewhile(lambda line: line.startswith("--"), text.splitlines())
    return " ".join(line.removeprefix("--").strip() for line in head)


@cache
def views_digest(dialect: str) -> str:
    """What tells these views from those of another version of the program."""
    texts = [(name, view_definition(name, dialect)) for name in view_names()]
    return hashlib.sha256(repr(texts).encode()).hexdigest()


def drop_views(connection: Connection) -> None:
    """Drops our views. Raises DatabaseUnusableError where a view of somebody else uses one; PostgreSQL keeps both then."""
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
    """Makes all views anew, and remembers of which version they are."""
    dialect = connection.dialect.name
    drop_views(connection)
    for name in view_names():
        definition = view_definition(name, dialect).replace("%", "%%")
        connection.exec_driver_sql(f"CREATE VIEW {name} AS {definition}")
    store_digest(connection, VIEWS, views_digest(dialect))
