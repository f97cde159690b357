"""Questions to SQLite: the file opened read-only, `query_only`, and an authorizer that knows reading alone."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NoReturn

from catalog.db.database import sqlite_address
from catalog.db.query.query import READ_ONLY, QueryRejectedError, QueryResult, place_of, unknown_table

STEPS_BETWEEN_LOOKS = 50_000
"""Instructions of SQLite's machine, a few milliseconds, between two looks at the clock and at Ctrl-C."""

LONGEST_VALUE = 64_000_000
"""Bytes in one text or blob: `zeroblob(2000000000)` must not take the memory."""

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
"""Those that show the schema and set nothing, whatever their argument."""

FORBIDDEN_FUNCTIONS = frozenset({"edit", "fts3_tokenizer", "load_extension", "readfile", "writefile"})

READING = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_RECURSIVE})

INTEGER = re.compile(r"[+-]?(0|[1-9]\d{0,17})")
NUMBER = re.compile(r"[+-]?\d+\.\d+([eE][+-]?\d+)?")


@contextmanager
def run_sqlite_query(
    file: Path, question: str, parameters: Mapping[str, str], seconds: float | None
) -> Iterator[QueryResult]:
    """Asks one question of a SQLite file. Raises QueryRejectedError."""
    deadline = None if seconds is None else time.monotonic() + seconds
    try:
        connection = sqlite3.connect(sqlite_address(file, "ro"), uri=True, timeout=15, isolation_level=None)
    except sqlite3.OperationalError as error:
        raise QueryRejectedError(f"{file} cannot be opened: {error}") from None
    with closing(connection):
        # VACUUM INTO and ATTACH write other files, which neither mode=ro nor query_only forbids.
        connection.execute("PRAGMA query_only = ON")
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_VALUE)
        connection.set_authorizer(authorize)
        connection.set_progress_handler(lambda: _is_over(deadline), STEPS_BETWEEN_LOOKS)
        values = {name: _value(text) for name, text in parameters.items()}
        try:
            cursor = connection.execute(question, values)
        except (sqlite3.Error, sqlite3.Warning) as error:
            _refuse(error, question, deadline, seconds)
        if cursor.description is None:
            raise QueryRejectedError(READ_ONLY)
        with closing(_rows(cursor, question, deadline, seconds)) as rows:
            yield QueryResult(tuple(column[0] for column in cursor.description), rows)


def authorize(
    action: int, first: str | None, second: str | None, _database: str | None, _trigger: str | None
) -> int:
    """SQLite's question for every step of a statement it compiles: whether it may."""
    if action in READING:
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_FUNCTION and (second or "").lower() not in FORBIDDEN_FUNCTIONS:
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_PRAGMA and (first or "").lower() in HARMLESS_PRAGMAS:
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_UPDATE and first == "sqlite_master":
        # So SQLite reads the columns of json_each and its like; a real update of it is refused without being asked.
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY


def _rows(
    cursor: sqlite3.Cursor, question: str, deadline: float | None, seconds: float | None
) -> Generator[Sequence[Any]]:
    try:
        yield from cursor
    except (sqlite3.Error, sqlite3.Warning) as error:
        _refuse(error, question, deadline, seconds)


def _is_over(deadline: float | None) -> bool:
    return deadline is not None and time.monotonic() > deadline


def _value(text: str) -> str | int | float:
    """What looks like a number is one: SQLite compares the text '9' as greater than any number."""
    if INTEGER.fullmatch(text):
        return int(text)
    return float(text) if NUMBER.fullmatch(text) else text


def _refuse(
    error: sqlite3.Error | sqlite3.Warning, question: str, deadline: float | None, seconds: float | None
) -> NoReturn:
    message = str(error)
    if message == "interrupted":
        if _is_over(deadline):
            raise QueryRejectedError(
                f"there was no answer within {seconds:g} s; give it longer with --timeout"
            ) from None
        # Ctrl-C arrives in the progress handler, where SQLite swallows it.
        raise KeyboardInterrupt from None
    if (
        message.startswith(("not authorized", "authorization denied"))
        or "readonly" in message
        or "may not be modified" in message
    ):
        raise QueryRejectedError(READ_ONLY) from None
    if message.startswith("You can only execute one statement"):
        raise QueryRejectedError("one question at a time: take away what follows the first ;") from None
    if table := re.fullmatch(r"no such table: (?:main\.)?(.+)", message):
        raise unknown_table(table[1], place_of(question, table[1])) from None
    if message == "datatype mismatch":
        raise QueryRejectedError(
            "a value is not of the kind that the question needs, such as a whole number"
        ) from None
    where = None
    if culprit := re.search(r'near "(.+)"|no such (?:column|function): (.+)', message, re.DOTALL):
        where = place_of(question, culprit[1] or culprit[2])
    raise QueryRejectedError(" ".join(f"{message}{f' ({where})' if where else ''}".split())) from None
