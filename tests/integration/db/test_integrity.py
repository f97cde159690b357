"""Checks find changed tables, views and references."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from catalog.db import tables as t
from catalog.db.database import Database
from catalog.db.schema.constraints import without_foreign_keys
from catalog.db.schema.integrity import check_integrity, check_schema, refresh_all_confusion, view_differences
from tests.integration.conftest import Sample


def test_a_new_catalog_has_no_differences(database: Database) -> None:
    checks = check_schema(database) + check_integrity(database)
    assert [check.differences for check in checks] == [0] * len(checks)
    assert {"tables", "views"} <= {check.name for check in checks}


def test_changed_tables_and_views_are_described(database: Database) -> None:
    with database.write() as connection:
        connection.exec_driver_sql("DROP VIEW untagged")
        connection.exec_driver_sql("DROP INDEX ix_statement_track_id")
    assert view_differences(database) == ["view untagged is missing"]
    tables, views = check_schema(database)
    assert (tables.differences, views.differences) == (1, 1)
    assert "ix_statement_track_id" in tables.details[0]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_broken_references_are_counted(database: Database) -> None:
    with without_foreign_keys(database) as connection:
        connection.execute(sa.insert(t.track).values(id=1, collection_id=12345, path_bytes=b"a"))
    (references,) = [check for check in check_integrity(database) if check.name == "references"]
    assert references.details == ("row 1 of track refers to a missing row of collection",)


def test_all_confusion_counts_are_recomputed(database: Database, sample: Sample) -> None:
    with database.write() as connection:
        before = connection.execute(sa.select(t.confusion_count)).all()
        connection.execute(sa.update(t.confusion_count).values(tracks=99))
        refresh_all_confusion(connection)
        assert sorted(connection.execute(sa.select(t.confusion_count)).all()) == sorted(before)
    assert before
    assert sample.model_id
