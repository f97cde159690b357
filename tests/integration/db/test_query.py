"""Read-only queries on both databases."""

from __future__ import annotations

import pytest

from catalog.db.database import Database
from catalog.db.query.answer import QueryRejectedError
from catalog.db.query.query import run_query
from tests.integration.conftest import Sample


def test_rows_with_parameters(database: Database, sample: Sample) -> None:
    query = "SELECT title FROM predicted_vs_tagged WHERE title LIKE :start ORDER BY title"
    with run_query(database, query, {"start": "B%"}) as result:
        assert result.columns == ("title",)
        assert [tuple(row) for row in result.rows] == [("Basalt",)]
    assert sample.tracks


@pytest.mark.parametrize(
    ("query", "parameters", "message"),
    [
        (" ", {}, "the query is empty"),
        ("SELECT '\0'", {}, "NUL character"),
        ("SELECT :a", {}, "needs a value for :a"),
        ("SELECT 1", {"b": "2"}, "has no parameter :b; it has no parameters"),
        ("DELETE FROM track", {}, "read-only"),
        ("SELECT 1; SELECT 2", {}, "only one statement"),
        ("SELECT * FROM nope", {}, "there is no table or view nope"),
    ],
)
def test_rejected_queries(database: Database, query: str, parameters: dict[str, str], message: str) -> None:
    with pytest.raises(QueryRejectedError, match=message), run_query(database, query, parameters) as result:
        list(result.rows)


def test_the_time_limit(database: Database) -> None:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    with (
        pytest.raises(QueryRejectedError, match="no answer within"),
        run_query(database, endless, seconds=0.2) as result,
    ):
        list(result.rows)
