"""Foreign keys switched off and on again, and sequences."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.schema import CreateTable

from catalog.db import tables as t
from catalog.db.database import Database
from catalog.db.schema.constraints import (
    add_foreign_keys,
    drop_foreign_keys,
    set_sequences,
    without_foreign_keys,
)
from catalog.db.tables import metadata


def test_foreign_keys_stay_in_the_metadata(database: Database) -> None:
    before = {table.name: len(table.foreign_key_constraints) for table in metadata.sorted_tables}
    with without_foreign_keys(database) as connection:
        drop_foreign_keys(connection)
        assert add_foreign_keys(connection) is None
    for table in metadata.sorted_tables:
        statement = str(CreateTable(table).compile(dialect=database.writer.dialect))
        assert statement.count("FOREIGN KEY") == before[table.name], table.name


def test_the_first_violated_foreign_key_is_named(database: Database) -> None:
    with database.writer.connect() as connection, connection.begin() as transaction:
        if database.is_sqlite:
            connection.connection.execute("PRAGMA defer_foreign_keys = ON")
        drop_foreign_keys(connection)
        connection.execute(sa.insert(t.track).values(collection_id=12345, path_bytes=b"x"))
        assert add_foreign_keys(connection) == "track to collection"
        transaction.rollback()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_sequences_continue_after_the_largest_id(database: Database) -> None:
    with database.write() as connection:
        connection.execute(sa.insert(t.collection).values(id=70, name="a", kind="folder"))
        set_sequences(connection)
        insert = sa.insert(t.collection).values(name="b", kind="folder").returning(t.collection.c.id)
        assert connection.execute(insert).scalar_one() == 71
