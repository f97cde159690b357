"""Check and repair of a whole catalog."""

from __future__ import annotations

import sqlalchemy as sa

from catalog.catalog_check import ALL_DERIVED, check_catalog, repair_catalog
from catalog.db.database import Database
from catalog.db.tables import genre_ancestor, track_status
from tests.integration.conftest import Sample


def test_differences_are_found_and_repaired(database: Database, sample: Sample) -> None:
    assert {check.name: check.differences for check in check_catalog(database) if check.differences} == {}
    with database.write() as connection:
        connection.execute(sa.delete(genre_ancestor).where(genre_ancestor.c.distance == 1))
        connection.execute(sa.update(track_status).values(relation="same"))
        connection.exec_driver_sql("DROP VIEW untagged")
    different = {check.name for check in check_catalog(database) if check.differences}
    assert different >= {"views", "track_status", "genre_ancestor"}
    with database.write() as connection:
        repair_catalog(connection)
    assert [check.name for check in check_catalog(database) if check.differences] == []
    assert {derived.name for derived in ALL_DERIVED} == {"track_status", "confusion_count", "genre_ancestor"}
    assert sample.tracks
