"""Queries on PostgreSQL: the session cannot write, numbers arrive as Python numbers."""

from __future__ import annotations

import pytest

from catalog.db.database import Database
from catalog.db.query.answer import QueryRejectedError
from catalog.db.query.query_postgresql import run_postgresql_query

POSTGRESQL = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@POSTGRESQL
def test_numeric_values_are_integers_or_floats(database: Database) -> None:
    with run_postgresql_query(database, "SELECT 2::numeric, 2.5::numeric", {}, None) as result:
        (row,) = result.rows
    assert [(type(value), value) for value in row] == [(int, 2), (float, 2.5)]


@POSTGRESQL
def test_the_session_has_no_superuser(database: Database) -> None:
    query = "SELECT current_setting('is_superuser'), current_setting('transaction_read_only')"
    with run_postgresql_query(database, query, {}, None) as result:
        assert [tuple(row) for row in result.rows] == [("off", "on")]


@POSTGRESQL
def test_errors_name_the_position(database: Database) -> None:
    with (
        pytest.raises(QueryRejectedError, match="line 1, column 8"),
        run_postgresql_query(database, "SELECT nope", {}, None),
    ):
        pass
