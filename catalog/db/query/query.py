"""A question in SQL and its answer: read-only by the database's own means, row by row."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from catalog.db.database import Database
from catalog.db.query.bind_parameters import placeholders
from catalog.db.schema.views import view_names
from catalog.errors import CatalogError

READ_ONLY = "only questions are answered here; the catalog is changed by its verbs (catalog --help)"


class QueryRejectedError(CatalogError):
    """A question that the database does not answer, in one line: where, why and what to do."""


@dataclass(frozen=True)
class QueryResult:
    """The columns and, while the database is asked, the rows."""

    columns: tuple[str, ...]
    rows: Iterator[Sequence[Any]]


def run_query(
    database: Database,
    question: str,
    parameters: Mapping[str, str] | None = None,
    seconds: float | None = None,
) -> AbstractContextManager[QueryResult]:
    """Asks one question of the database, on a connection of its own that can write nothing.

    `parameters` are the values of the placeholders `:name`, `seconds` is how long it may take. Rows come as the
    database finds them: memory does not grow with their number. Raises QueryRejectedError, on entering and at any row.
    """
    given = parameters or {}
    _require_values(question, given)
    if database.file is not None:
        from catalog.db.query.query_sqlite import run_sqlite_query

        return run_sqlite_query(database.file, question, given, seconds)
    from catalog.db.query.query_postgresql import run_postgresql_query

    return run_postgresql_query(database, question, given, seconds)


def line_and_column(question: str, offset: int) -> str:
    """An offset as people count: line and column, both from 1."""
    before = question[:offset]
    return f"line {before.count(chr(10)) + 1}, column {offset - before.rfind(chr(10))}"


def place_of(question: str, word: str) -> str | None:
    """Where a word stands, if it stands at one place only."""
    found = list(re.finditer(rf"(?<!\w){re.escape(word)}(?!\w)", question))
    return line_and_column(question, found[0].start()) if len(found) == 1 else None


def unknown_table(name: str, where: str | None) -> QueryRejectedError:
    """The refusal that names what could have been asked."""
    at = f" ({where})" if where else ""
    return QueryRejectedError(
        f"there is no table or view {name}{at}; the views are {', '.join(view_names())}"
    )


def _require_values(question: str, given: Mapping[str, str]) -> None:
    if not question.strip():
        raise QueryRejectedError(
            'no question was asked; try: catalog sql "SELECT * FROM predicted_vs_tagged"'
        )
    if "\0" in question:
        raise QueryRejectedError("the question holds a NUL character")
    wanted = placeholders(question)
    for name in wanted:
        if name not in given:
            raise QueryRejectedError(f"the question leaves :{name} open; add: --parameter {name}=VALUE")
    for name in given:
        if name not in wanted:
            known = ", ".join(f":{each}" for each in wanted) or "no parameter"
            raise QueryRejectedError(f"the question has no :{name}; it has {known}")
