"""Check and repair of a whole catalog: schema, integrity, and derived tables."""

from __future__ import annotations

from sqlalchemy import Connection

from catalog.db.database import Database
from catalog.db.schema.integrity import DERIVED, Check, Derived, check_integrity, check_schema
from catalog.db.schema.schema_state import inspect_schema
from catalog.db.schema.views import create_views
from catalog.genres.closure_table import check_ancestors, rebuild_ancestors

ALL_DERIVED = (
    *DERIVED,
    Derived("genre_ancestor", lambda connection: len(check_ancestors(connection)), rebuild_ancestors),
)
"""Derived tables; each may be computed from those that follow it."""


def check_catalog(database: Database) -> list[Check]:
    """Checks schema, integrity and derived tables of a catalog whose revision is current."""
    checks = [
        Check("revision", 0, (str(inspect_schema(database).revision),)),
        *check_schema(database),
        *check_integrity(database),
    ]
    with database.read() as connection:
        checks += [Check(derived.name, derived.differences(connection)) for derived in ALL_DERIVED]
    return checks


def repair_catalog(connection: Connection) -> None:
    """Recreates the views and recomputes the derived tables."""
    create_views(connection)
    for derived in reversed(ALL_DERIVED):
        derived.repair(connection)
