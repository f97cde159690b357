"""Whether a database is sound: its schema, its pages and references, and the rows that are computed from others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.columns import metadata
from catalog.db.database import Database
from catalog.db.derived.confusion import confusion_differences, refresh_confusion
from catalog.db.derived.track_status import refresh_track_status, track_status_differences
from catalog.db.schema.schema import VERSION_TABLE
from catalog.db.schema.views import view_definition, view_names
from catalog.db.tables import confusion_count, model

SHOWN = 5
"""How many differences are put into words; more of the same help nobody."""


@dataclass(frozen=True)
class Check:
    """What was looked at, and what is wrong with it: nothing, where it is sound."""

    name: str
    differences: int
    details: tuple[str, ...] = ()


@dataclass(frozen=True)
class Derived:
    """Rows that are computed from others: how many differ, and how to compute them anew."""

    name: str
    differences: Callable[[Connection], int]
    repair: Callable[[Connection], object]


def refresh_all_confusion(connection: Connection) -> None:
    """Counts the confusions of every model anew."""
    connection.execute(sa.delete(confusion_count))
    for model_id in connection.execute(sa.select(model.c.id)).scalars().all():
        refresh_confusion(connection, model_id)


DERIVED = (
    Derived("track_status", track_status_differences, refresh_track_status),
    Derived("confusion_count", confusion_differences, refresh_all_confusion),
)
"""The derived tables whose rule is a matter of the database alone."""


def check_schema(database: Database) -> list[Check]:
    """Tables and views as the database has them, against those that a fresh catalog would have."""
    from alembic.autogenerate import compare_metadata  # who only takes a backup needs none of it
    from alembic.runtime.migration import MigrationContext

    with database.read() as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": VERSION_TABLE, "compare_type": True, "include_name": _is_ours}
        )
        tables = [_in_words(difference) for difference in compare_metadata(context, metadata)]
    views = view_differences(database)
    return [_check("tables", tables), _check("views", views)]


def check_integrity(database: Database) -> list[Check]:
    """SQLite's own check of pages, indexes and references. PostgreSQL keeps them itself: there is nothing to ask."""
    if not database.is_sqlite:
        return []
    with database.read() as connection:
        pages = connection.exec_driver_sql("PRAGMA integrity_check").scalars().all()
        references = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    broken = [f"row {row[1]} of {row[0]} refers to a row of {row[2]} that is not there" for row in references]
    return [_check("integrity", [page for page in pages if page != "ok"]), _check("references", broken)]


def view_differences(database: Database) -> list[str]:
    """Views that are absent, or other than their files say."""
    with database.writer.connect() as connection:
        transaction = connection.begin()
        try:
            kept = _kept_views(connection)
            wanted = _wanted_views(connection)
        finally:
            transaction.rollback()
    return [
        f"view {name} is {'absent' if name not in kept else 'not what its file says'}"
        for name in view_names()
        if kept.get(name) != wanted[name]
    ]


def _kept_views(connection: Connection) -> dict[str, str]:
    if connection.dialect.name == "sqlite":
        query = "SELECT name, sql FROM sqlite_master WHERE type = 'view'"
    else:
        query = "SELECT viewname, definition FROM pg_views WHERE schemaname = current_schema()"
    return {str(name): str(text) for name, text in connection.exec_driver_sql(query)}


def _wanted_views(connection: Connection) -> dict[str, str]:
    """PostgreSQL keeps a view in words of its own, so that each is made once more, beside, and rolled back."""
    dialect = connection.dialect.name
    definitions = {name: view_definition(name, dialect) for name in view_names()}
    if dialect == "sqlite":
        return {name: f"CREATE VIEW {name} AS {definition}" for name, definition in definitions.items()}
    for name, definition in definitions.items():
        connection.exec_driver_sql(f"CREATE TEMPORARY VIEW wanted_{name} AS {definition.replace('%', '%%')}")
    query = "SELECT viewname, definition FROM pg_views WHERE viewname LIKE 'wanted\\_%%'"
    return {name.removeprefix("wanted_"): text for name, text in connection.exec_driver_sql(query)}


def _is_ours(name: str | None, kind: str, _parents: object) -> bool:
    return kind != "table" or name in metadata.tables


def _in_words(difference: object) -> str:
    """Alembic gives tuples such as ('add_index', Index(...)), and lists of them for one column."""
    first = difference[0] if isinstance(difference, list) and difference else difference
    if not isinstance(first, tuple):
        return str(first)
    action, *subjects = first
    named = [str(getattr(each, "name", each)) for each in subjects if each is not None]
    return f"{str(action).replace('_', ' ')}: {' '.join(named[:4])}"


def _check(name: str, details: list[str]) -> Check:
    return Check(name, len(details), tuple(details[:SHOWN]))
