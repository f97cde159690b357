"""Queries on PostgreSQL: one statement that returns rows, by the extended protocol, in a READ ONLY transaction."""

from __future__ import annotations

import math
import re
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import Any, NoReturn

import psycopg
from psycopg import errors
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.pq import ExecStatus
from psycopg.types.string import TextLoader

from catalog.db.database import Database, DatabaseUnusableError
from catalog.db.query.answer import (
    ONE_STATEMENT,
    READ_ONLY,
    QueryRejectedError,
    QueryResult,
    invalid_query,
    line_and_column,
    timed_out,
    unknown_table,
)
from catalog.db.query.bind_parameters import NumberedQuery, number_placeholders
from catalog.db.schema.schema_state import CONNECTION_HINT

HARMLESS = frozenset(
    {
        "array_sample",
        "array_shuffle",
        "clock_timestamp",
        "currval",
        "gen_random_uuid",
        "lastval",
        "pg_sleep",
        "random",
        "random_normal",
        "setseed",
        "timeofday",
        "uuidv4",
        "uuidv7",
    }
)
"""Functions that PostgreSQL calls volatile because their results vary, and that change nothing."""
RUN_TEXT = frozenset({"connectby", "crosstab", "crosstab2", "crosstab3", "crosstab4", "xpath_table"})
"""Functions of extensions that run SQL given as text and are not called volatile."""
SECRETS = frozenset({"pg_authid", "pg_shadow", "pg_subscription", "pg_user_mapping"})
"""Tables with passwords; `pg_read_all_data` may read them."""
WORD = re.compile(r"[^\W\d]\w*")
SPELLED_BY_CODE = re.compile(r"u&\"", re.IGNORECASE)
VOLATILE = """
    SELECT DISTINCT proname::text FROM pg_catalog.pg_proc
    WHERE provolatile = 'v' AND proname = ANY (%s)
      AND prorettype <> 'trigger'::regtype AND NOT 'internal'::regtype = ANY (proargtypes)
"""
"""The given names that are callable functions with side effects."""

READER = "pg_read_all_data"
"""The predefined role that may read every table and nothing else, since PostgreSQL 14."""


class NumberLoader(Loader):
    """Loads `numeric` values, which sums and averages return, as the int or float that SQLite returns."""

    def load(self, data: Buffer) -> int | float:
        """An int if there is no fraction, otherwise a float."""
        text = bytes(data)
        return float(text) if b"." in text or not text.lstrip(b"-").isdigit() else int(text)


@contextmanager
def run_postgresql_query(
    database: Database, query: str, parameters: Mapping[str, str], seconds: float | None
) -> Iterator[QueryResult]:
    """Runs one query on a PostgreSQL database. Raises QueryRejectedError."""
    numbered = number_placeholders(query)
    with closing(_connect(database, seconds)) as connection:
        try:
            _drop_superuser(connection)
            reject_forbidden_functions(connection, query)
            columns = _columns(connection, numbered)
        except psycopg.Error as error:
            _reject(error, query, numbered, seconds)
        if not columns:
            raise QueryRejectedError(READ_ONLY)
        # Values are sent as text of unknown type: PostgreSQL infers each type from the context.
        values = [parameters[name] for name in numbered.names]
        cursor = psycopg.RawCursor(connection)
        with closing(_rows(cursor, query, numbered, values, seconds)) as rows:
            yield QueryResult(columns, rows)


def _connect(database: Database, seconds: float | None) -> psycopg.Connection[Any]:
    _, options = database.reader.dialect.create_connect_args(database.url)
    settings = {
        "default_transaction_read_only": "on",
        "statement_timeout": math.ceil(seconds * 1000) if seconds else 0,
    }
    options["options"] = " ".join(
        [str(options.get("options", "")), *(f"-c {name}={value}" for name, value in settings.items())]
    ).strip()
    options["client_encoding"] = "utf8"
    try:
        connection: psycopg.Connection[Any] = psycopg.connect(**options)
    except psycopg.OperationalError as error:
        reason = str(error).strip().splitlines()[0]
        raise DatabaseUnusableError(f"the database cannot be opened: {reason}; {CONNECTION_HINT}") from None
    connection.read_only = True
    # Not in the options: PGTZ and PGDATESTYLE from the environment would override them.
    connection.execute("SELECT set_config('TimeZone', 'UTC', false), set_config('DateStyle', 'ISO', false)")
    connection.commit()
    # The same query returns the same values on both databases.
    connection.adapters.register_loader("numeric", NumberLoader)
    connection.adapters.register_loader("json", TextLoader)
    connection.adapters.register_loader("jsonb", TextLoader)
    return connection


def _drop_superuser(connection: psycopg.Connection[Any]) -> None:
    """Switches a superuser to a role that can only read: READ ONLY does not protect the files of the server."""
    is_superuser = connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
    if is_superuser and is_superuser[0] and connection.info.server_version >= 140_000:
        connection.execute(f"SET LOCAL ROLE {READER}")


def _columns(connection: psycopg.Connection[Any], numbered: NumberedQuery) -> tuple[str, ...]:
    """The column names as PostgreSQL describes them, before anything runs.

    A statement that returns no rows has none: COPY ... TO PROGRAM, DO, SET, NOTIFY, LOCK.
    """
    for result in (
        connection.pgconn.prepare(b"", numbered.text.encode()),
        connection.pgconn.describe_prepared(b""),
    ):
        if result.status != ExecStatus.COMMAND_OK:
            raise errors.error_from_result(result, encoding="utf-8")
    return tuple((result.fname(position) or b"").decode() for position in range(result.nfields))


def _rows(
    cursor: psycopg.RawCursor[Any],
    query: str,
    numbered: NumberedQuery,
    values: Sequence[str],
    seconds: float | None,
) -> Generator[Sequence[Any]]:
    try:
        yield from cursor.stream(numbered.text.encode(), values)
    except psycopg.Error as error:
        _reject(error, query, numbered, seconds)


def _reject(error: psycopg.Error, query: str, numbered: NumberedQuery, seconds: float | None) -> NoReturn:
    if isinstance(error, errors.QueryCanceled) and seconds:
        raise timed_out(seconds) from None
    if isinstance(error, errors.ReadOnlySqlTransaction):
        raise QueryRejectedError(READ_ONLY) from None
    message = error.diag.message_primary or str(error)
    if isinstance(error, errors.InsufficientPrivilege):
        raise QueryRejectedError(f"{message}; {READ_ONLY}") from None
    if isinstance(error, errors.SyntaxError) and "multiple commands" in message:
        raise QueryRejectedError(ONE_STATEMENT) from None
    position = error.diag.statement_position
    place = line_and_column(query, numbered.original(int(position) - 1)) if position else None
    if isinstance(error, errors.UndefinedTable):
        raise unknown_table(message.partition('"')[2].partition('"')[0] or message, place) from None
    hint = f"; {error.diag.message_hint}" if error.diag.message_hint else ""
    raise invalid_query(message, place, hint) from None


def reject_forbidden_functions(connection: psycopg.Connection[Any], query: str) -> None:
    """Rejects a query that names a function with side effects or a table of passwords.

    A READ ONLY transaction does not forbid `pg_terminate_backend`, `pg_read_file` and `lo_export`. A superuser who has
    switched to another role can switch back by `set_config` and a function that runs text as SQL, such as
    `query_to_xml`. The database itself lists the functions that may have side effects. Every word of the query counts,
    also in a literal: telling them apart would need PostgreSQL's own parser. Raises QueryRejectedError.
    """
    if SPELLED_BY_CODE.search(query):
        raise QueryRejectedError('names in the form U&"..." are not supported; write them plainly')
    words = {word.lower() for word in WORD.findall(query)}
    forbidden = words & (RUN_TEXT | SECRETS)
    volatile = connection.execute(VOLATILE, [sorted(words - HARMLESS)]).fetchall()
    forbidden |= {name for (name,) in volatile}
    if forbidden:
        raise QueryRejectedError(
            f"{min(forbidden)} can do more than read data, or shows secrets; {READ_ONLY}"
        )
