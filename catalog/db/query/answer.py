"""The result of a query, the errors of a rejected query, and positions in its text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from catalog.db.query.saved_queries import saved_query_names
from catalog.db.schema.views import view_names
from catalog.errors import CatalogError

READ_ONLY = "queries are read-only; change the catalog with its commands (catalog --help)"
ONE_STATEMENT = "only one statement per query; remove everything after the first ;"


class QueryRejectedError(CatalogError):
    """A query that the database does not run: one line with the position, the reason and what to do."""


@dataclass(frozen=True)
class QueryResult:
    """Column names, and the rows while the connection is open."""

    columns: tuple[str, ...]
    rows: Iterator[Sequence[Any]]


def line_and_column(query: str, offset: int) -> str:
    """The line and column of an offset, both counted from 1."""
    before = query[:offset]
    return f"line {before.count(chr(10)) + 1}, column {offset - before.rfind(chr(10))}"


def place_of(query: str, word: str) -> str | None:
    """The line and column of a word that occurs exactly once; None otherwise."""
    matches = list(re.finditer(rf"(?<!\w){re.escape(word)}(?!\w)", query))
    return line_and_column(query, matches[0].start()) if len(matches) == 1 else None


def unknown_table(name: str, place: str | None) -> QueryRejectedError:
    """The error for a table that does not exist; it lists the views, or says how to run a saved query."""
    at = f" ({place})" if place else ""
    if name in saved_query_names():
        return QueryRejectedError(
            f"{name}{at} is a saved query, not a table or view; run it alone: catalog sql {name}; or export it and "
            f"query the file: catalog export {name} --output {name}.parquet"
        )
    return QueryRejectedError(
        f"there is no table or view {name}{at}; the views are {', '.join(view_names())}"
    )


def timed_out(seconds: float) -> QueryRejectedError:
    """The error for a query that took longer than its limit."""
    return QueryRejectedError(f"no answer within {seconds:g} s; allow more time with --timeout")


def invalid_query(message: str, place: str | None, hint: str = "") -> QueryRejectedError:
    """The error of the database itself on one line, with its position in the query."""
    return QueryRejectedError(" ".join(f"{message}{f' ({place})' if place else ''}{hint}".split()))
