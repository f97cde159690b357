"""Read-only SQL queries on either database."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager

from catalog.db.database import Database
from catalog.db.query.answer import QueryRejectedError, QueryResult
from catalog.db.query.bind_parameters import placeholders


def run_query(
    database: Database,
    query: str,
    parameters: Mapping[str, str] | None = None,
    seconds: float | None = None,
) -> AbstractContextManager[QueryResult]:
    """Runs one query on its own connection, which cannot write.

    `parameters` are the values of the placeholders `:name`, `seconds` is the time limit. Rows are streamed: memory
    does not grow with their number. Raises QueryRejectedError, on entering and at any row.
    """
    values = parameters or {}
    _require_values(query, values)
    if database.file is not None:
        from catalog.db.query.query_sqlite import run_sqlite_query

        return run_sqlite_query(database.file, query, values, seconds)
    from catalog.db.query.query_postgresql import run_postgresql_query

    return run_postgresql_query(database, query, values, seconds)


def _require_values(query: str, values: Mapping[str, str]) -> None:
    if not query.strip():
        raise QueryRejectedError('the query is empty; try: catalog sql "SELECT * FROM predicted_vs_tagged"')
    if "\0" in query:
        raise QueryRejectedError("the query contains a NUL character")
    names = placeholders(query)
    for name in names:
        if name not in values:
            raise QueryRejectedError(f"the query needs a value for :{name}; add: --parameter {name}=VALUE")
    for name in values:
        if name not in names:
            listed = ", ".join(f":{each}" for each in names) or "no parameters"
            raise QueryRejectedError(f"the query has no parameter :{name}; it has {listed}")
