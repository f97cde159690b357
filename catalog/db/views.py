"""The views that users and scripts rely on: dropped, and made from their files."""

from __future__ import annotations

from importlib.resources import files

from sqlalchemy import Connection

from catalog.db.sql import read_sql


def view_names() -> list[str]:
    """The names of all views, in an order in which each can be made: none uses a later one."""
    return sorted(
        entry.name.removesuffix(".sql")
        for entry in files("catalog.db").joinpath("views").iterdir()
        if entry.name.endswith(".sql")
    )


def view_definition(name: str, dialect: str) -> str:
    """The query of a view, without the comment at its head."""
    text = read_sql(f"views/{name}.sql", dialect)
    return "\n".join(line for line in text.splitlines() if not line.startswith("--")).strip().rstrip(";")


def view_description(name: str) -> str:
    """What the comment at the head of the view's file says."""
    text = read_sql(f"views/{name}.sql", "sqlite")
    return " ".join(line.removeprefix("--").strip() for line in text.splitlines() if line.startswith("--"))


def drop_views(connection: Connection) -> None:
    """Drops our views; others stay, and refuse if they use ours."""
    for name in view_names():
        connection.exec_driver_sql(f"DROP VIEW IF EXISTS {name}")


def create_views(connection: Connection) -> None:
    """Makes all views anew."""
    drop_views(connection)
    for name in view_names():
        definition = view_definition(name, connection.dialect.name).replace("%", "%%")
        connection.exec_driver_sql(f"CREATE VIEW {name} AS {definition}")
