"""Integrity checks: schema, pages and references, and derived tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.columns import metadata
from catalog.db.database import Database
from catalog.db.derived.confusion import confusion_differences, refresh_confusion
from catalog.db.derived.track_status import refresh_track_status, track_status_differences
from catalog.db.schema.schema_state import VERSION_TABLE
from catalog.db.schema.views import view_definition, view_names
from catalog.db.tables import confusion_count, model

SHOWN = 5
"""The number of differences that are described."""


@dataclass(frozen=True)
class Check:
    """The result of one check."""

    name: str
    differences: int
    details: tuple[str, ...] = ()


@dataclass(frozen=True)
class Derived:
    """A derived table: how to count its differences, and how to recompute it."""

    name: str
    differences: Callable[[Connection], int]
    repair: Callable[[Connection], object]


def refresh_all_confusion(connection: Connection) -> None:
    """Recomputes the confusion counts of every model."""
    connection.execute(sa.delete(confusion_count))
    for model_id in connection.execute(sa.select(model.c.id)).scalars().all():
        refresh_confusion(connection, model_id)


DERIVED = (
    Derived("track_status", track_status_differences, refresh_track_status),
    Derived("confusion_count", confusion_differences, refresh_all_confusion),
)
"""The derived tables that are computed within catalog.db."""


def check_schema(database: Database) -> list[Check]:
    """Compares the tables and views of the database with those of a new catalog."""
    from alembic.autogenerate import compare_metadata  # slow to import, and only needed here
    from alembic.runtime.migration import MigrationContext

    with database.read() as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": VERSION_TABLE, "compare_type": True, "include_name": _is_ours}
        )
        tables = [_describe(difference) for difference in compare_metadata(context, metadata)]
    views = view_differences(database)
    return [_check("tables", tables), _check("views", views)]


def check_integrity(database: Database) -> list[Check]:
    """SQLite's check of pages, indexes and references; nothing on PostgreSQL, which has no such check."""
    if not database.is_sqlite:
        return []
    with database.read() as connection:
        pages = connection.exec_driver_sql("PRAGMA integrity_check").scalars().all()
        references = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    broken = [f"row {row[1]} of {row[0]} refers to a missing row of {row[2]}" for row in references]
    return [_check("integrity", [page for page in pages if page != "ok"]), _check("references", broken)]


def view_differences(database: Database) -> list[str]:
    """Views that are missing or differ from their files."""
    with database.writer.connect() as connection:
        transaction = connection.begin()
        try:
            stored = _stored_views(connection)
            expected = _expected_views(connection)
        finally:
            transaction.rollback()
    return [
        f"view {name} {'is missing' if name not in stored else 'differs from its file'}"
        for name in view_names()
        if stored.get(name) != expected[name]
    ]


def _stored_views(connection: Connection) -> dict[str, str]:
    if connection.dialect.name == "sqlite":
        query = "SELECT name, sql FROM sqlite_master WHERE type = 'view'"
    else:
        query = "SELECT viewname, definition FROM pg_views WHERE schemaname = current_schema()"
    return {str(name): str(text) for name, text in connection.exec_driver_sql(query)}


def _expected_views(connection: Connection) -> dict[str, str]:
    """The definitions as the database stores them; PostgreSQL rewrites them, so temporary views are created."""
    dialect = connection.dialect.name
    definitions = {name: view_definition(name, dialect) for name in view_names()}
    if dialect == "sqlite":
        return {name: f"CREATE VIEW {name} AS {definition}" for name, definition in definitions.items()}
    for name, definition in definitions.items():
        connection.exec_driver_sql(
            f"CREATE TEMPORARY VIEW expected_{name} AS {definition.replace('%', '%%')}"
        )
    query = "SELECT viewname, definition FROM pg_views WHERE viewname LIKE 'expected\\_%%'"
    return {name.removeprefix("expected_"): text for name, text in connection.exec_driver_sql(query)}


def _is_ours(name: str | None, kind: str, _parents: object) -> bool:
    return kind != "table" or name in metadata.tables


def _describe(difference: object) -> str:
    """Describes a difference of Alembic: a tuple such as ('add_index', Index(...)), or a list of them."""
    first = difference[0] if isinstance(difference, list) and difference else difference
    if not isinstance(first, tuple):
        return str(first)
    action, *subjects = first
    named = [str(getattr(each, "name", each)) for each in subjects if each is not None]
    return f"{str(action).replace('_', ' ')}: {' '.join(named[:4])}"


def _check(name: str, details: list[str]) -> Check:
    return Check(name, len(details), tuple(details[:SHOWN]))
