"""Migrations up and down, and a schema that does not match its revision."""

from __future__ import annotations

import pytest

from catalog.db.database import Database, DatabaseUnusableError
from catalog.db.schema.migrate import migrate_down, migrate_up
from catalog.db.schema.revisions import head_revision
from catalog.db.schema.schema_state import SchemaState, inspect_schema


def test_down_to_the_base_and_up_again(database: Database) -> None:
    migrate_down(database, "base")
    assert inspect_schema(database).revision is None
    migrate_up(database, "head")
    schema = inspect_schema(database)
    assert (schema.state, schema.revision) == (SchemaState.CURRENT, head_revision())


def test_an_unknown_revision_is_rejected(database: Database) -> None:
    with pytest.raises(DatabaseUnusableError, match="cannot be migrated"):
        migrate_up(database, "9999")


def test_a_schema_that_differs_from_its_revision_is_left_unchanged(database: Database) -> None:
    with database.write() as connection:
        connection.exec_driver_sql("DROP VIEW untagged")
        connection.exec_driver_sql("ALTER TABLE failure RENAME TO problem")
    with pytest.raises(DatabaseUnusableError, match="the schema differs from its revision"):
        migrate_down(database, "base")
    assert inspect_schema(database).revision == head_revision()
