"""Queries on SQLite: the file is opened read-only, with `query_only` and an authorizer that permits reads only."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NoReturn

from catalog.db.database import sqlite_address
from catalog.db.query.answer import (
    ONE_STATEMENT,
    READ_ONLY,
    QueryRejectedError,
    QueryResult,
    invalid_query,
    place_of,
    timed_out,
    unknown_table,
)

STEPS_PER_CHECK = 50_000
"""Virtual machine instructions, a few milliseconds, between two checks for the deadline and for Ctrl-C."""

MAX_VALUE_BYTES = 64_000_000
"""The largest text or blob: `zeroblob(2000000000)` must not exhaust the memory."""

HARMLESS_PRAGMAS = frozenset(
    {
        "database_list",
        "foreign_key_list",
        "index_info",
        "index_list",
        "index_xinfo",
        "table_info",
        "table_list",
        "table_xinfo",
    }
)
"""Pragmas that show the schema and change nothing, whatever their argument."""

FORBIDDEN_FUNCTIONS = frozenset({"edit", "fts3_tokenizer", "load_extension", "readfile", "writefile"})

READ_ACTIONS = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_RECURSIVE})

INTEGER = re.compile(r"[+-]?(0|[1-9]\d{0,17})")
NUMBER = re.compile(r"[+-]?\d+\.\d+([eE][+-]?\d+)?")


@contextmanager
def run_sqlite_query(
    file: Path, query: str, parameters: Mapping[str, str], seconds: float | None
) -> Iterator[QueryResult]:
    """Runs one query on a SQLite file. Raises QueryRejectedError."""
    deadline = None if seconds is None else time.monotonic() + seconds
    try:
        connection = sqlite3.connect(sqlite_address(file, "ro"), uri=True, timeout=15, isolation_level=None)
    except sqlite3.OperationalError as error:
        raise QueryRejectedError(f"{file} cannot be opened: {error}") from None
    with closing(connection):
        # VACUUM INTO and ATTACH write other files: neither mode=ro nor query_only forbids that, the authorizer does.
        connection.execute("PRAGMA query_only = ON")
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_VALUE_BYTES)
        connection.set_authorizer(authorize)
        connection.set_progress_handler(lambda: _is_past(deadline), STEPS_PER_CHECK)
        values = {name: _value(text) for name, text in parameters.items()}
        try:
            cursor = connection.execute(query, values)
        except (sqlite3.Error, sqlite3.Warning) as error:
            _reject(error, query, deadline, seconds)
        if cursor.description is None:
            raise QueryRejectedError(READ_ONLY)
        with closing(_rows(cursor, query, deadline, seconds)) as rows:
            yield QueryResult(tuple(column[0] for column in cursor.description), rows)


def authorize(
    action: int, first: str | None, second: str | None, _database: str | None, _trigger: str | None
) -> int:
    """The authorizer callback, which SQLite calls for each action of a statement that it compiles."""
    if action in READ_ACTIONS:
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_FUNCTION and (second or "").lower() not in FORBIDDEN_FUNCTIONS:
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_PRAGMA and (first or "").lower() in HARMLESS_PRAGMAS:
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_UPDATE and first == "sqlite_master":
        # SQLite asks for this to read the columns of table-valued functions such as json_each; it rejects real updates
        # of sqlite_master without calling the authorizer.
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY


def _rows(
    cursor: sqlite3.Cursor, query: str, deadline: float | None, seconds: float | None
) -> Generator[Sequence[Any]]:
    try:
        yield from cursor
    except (sqlite3.Error, sqlite3.Warning) as error:
        _reject(error, query, deadline, seconds)


def _is_past(deadline: float | None) -> bool:
    return deadline is not None and time.monotonic() > deadline


def _value(text: str) -> str | int | float:
    """A number if the text looks like one: SQLite sorts the text '9' after every number."""
    if INTEGER.fullmatch(text):
        return int(text)
    return float(text) if NUMBER.fullmatch(text) else text


def _reject(
    error: sqlite3.Error | sqlite3.Warning, query: str, deadline: float | None, seconds: float | None
) -> NoReturn:
    message = str(error)
    if message == "interrupted":
        if _is_past(deadline):
            raise timed_out(seconds or 0) from None
        # Ctrl-C is raised in the progress handler, and SQLite turns it into "interrupted".
        raise KeyboardInterrupt from None
    if (
        message.startswith(("not authorized", "authorization denied"))
        or "readonly" in message
        or "may not be modified" in message
    ):
        raise QueryRejectedError(READ_ONLY) from None
    if message.startswith("You can only execute one statement"):
        raise QueryRejectedError(ONE_STATEMENT) from None
    if table := re.fullmatch(r"no such table: (?:main\.)?(.+)", message):
        raise unknown_table(table[1], place_of(query, table[1])) from None
    if message == "datatype mismatch":
        raise QueryRejectedError(
            "a value has the wrong type, for example text where the query needs an integer"
        ) from None
    place = None
    if culprit := re.search(r'near "(.+)"|no such (?:column|function): (.+)', message, re.DOTALL):
        place = place_of(query, culprit[1] or culprit[2])
    raise invalid_query(message, place) from None
