"""Bulk inserts convert values as SQLAlchemy does."""

from __future__ import annotations

import numpy as np
import sqlalchemy as sa

from catalog.db import tables as t
from catalog.db.bulk_insert import bind_processor, take_ids, write_rows
from catalog.db.columns import now
from catalog.db.database import Database


def test_rows_are_stored_with_reserved_ids(database: Database) -> None:
    moment = now()
    with database.write() as connection:
        ids = take_ids(connection, t.collection, 2)
        columns = ["id", "name", "kind", "root_bytes", "tags_complete", "added_at"]
        rows = ([key, f"folder {key}", "folder", bytes([255, key % 250]), True, moment] for key in ids)
        write_rows(connection, t.collection, columns, rows)
    with database.read() as connection:
        stored = connection.execute(sa.select(t.collection).order_by(t.collection.c.id)).all()
    assert [row.id for row in stored] == ids == sorted(ids)
    assert [row.root_bytes for row in stored] == [bytes([255, key % 250]) for key in ids]
    assert {(row.kind, row.tags_complete, row.added_at) for row in stored} == {("folder", True, moment)}


def test_json_and_vectors_are_converted(database: Database) -> None:
    with database.write() as connection:
        columns = ["id", "name", "version", "parameters", "dimensions", "hash", "active", "created_at"]
        row = [1, "x", 1, {"a": [1, None]}, ["first"], "digest", True, now()]
        write_rows(connection, t.feature_set, columns, [row])
    with database.read() as connection:
        stored = connection.execute(sa.select(t.feature_set)).one()
        processor = bind_processor(t.feature_vector.c.vector, connection.dialect)
    assert (stored.parameters, stored.dimensions) == ({"a": [1, None]}, ["first"])
    assert processor is not None
    vector = np.ones(2, np.float32)
    assert processor(vector) is processor(vector), "the same object is converted once"
