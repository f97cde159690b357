"""Questions to PostgreSQL: one statement that yields rows, by the extended protocol, in a READ ONLY transaction."""

from __future__ import annotations

import math
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
from catalog.db.query.bind_parameters import NumberedQuery, number
from catalog.db.query.forbidden_functions import reject_forbidden_functions
from catalog.db.query.query import READ_ONLY, QueryRejectedError, QueryResult, line_and_column, unknown_table
from catalog.db.schema.schema import WHAT_TO_LOOK_AT

READER = "pg_read_all_data"
"""The role that may read every table and nothing else; PostgreSQL has had it since version 14."""


class NumberLoader(Loader):
    """PostgreSQL's exact numbers, which sums and averages have, as the numbers that SQLite gives."""

    def load(self, data: Buffer) -> int | float:
        """An int where there is no fraction, a float otherwise."""
        text = bytes(data)
        return float(text) if b"." in text or not text.lstrip(b"-").isdigit() else int(text)


@contextmanager
def run_postgresql_query(
    database: Database, question: str, parameters: Mapping[str, str], seconds: float | None
) -> Iterator[QueryResult]:
    """Asks one question of a PostgreSQL database. Raises QueryRejectedError."""
    numbered = number(question)
    with closing(_connect(database, seconds)) as connection:
        try:
            _give_up_rights(connection)
            reject_forbidden_functions(connection, question)
            columns = _columns(connection, numbered)
        except psycopg.Error as error:
            _refuse(error, question, numbered, seconds)
        if not columns:
            raise QueryRejectedError(READ_ONLY)
        # Values go as text of no type: PostgreSQL gives each the type that its place asks for.
        values = [parameters[name] for name in numbered.names]
        cursor = psycopg.RawCursor(connection)
        with closing(_rows(cursor, question, numbered, values, seconds)) as rows:
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
        raise DatabaseUnusableError(f"the database cannot be opened: {reason}; {WHAT_TO_LOOK_AT}") from None
    connection.read_only = True
    # Not among the options, before which PGTZ and PGDATESTYLE of the environment go.
    connection.execute("SELECT set_config('TimeZone', 'UTC', false), set_config('DateStyle', 'ISO', false)")
    connection.commit()
    # The same question has the same answer on both databases.
    connection.adapters.register_loader("numeric", NumberLoader)
    connection.adapters.register_loader("json", TextLoader)
    connection.adapters.register_loader("jsonb", TextLoader)
    return connection


def _give_up_rights(connection: psycopg.Connection[Any]) -> None:
    """A superuser asks as a role that can only read: READ ONLY does not forbid it the files of the server."""
    is_superuser = connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
    if is_superuser and is_superuser[0] and connection.info.server_version >= 140_000:
        connection.execute(f"SET LOCAL ROLE {READER}")


def _columns(connection: psycopg.Connection[Any], numbered: NumberedQuery) -> tuple[str, ...]:
    """The names of the columns, by PostgreSQL's own description, before anything runs.

    A statement that yields no rows has none: COPY ... TO PROGRAM, DO, SET, NOTIFY, LOCK.
    """
    for result in (
        connection.pgconn.prepare(b"", numbered.text.encode()),
        connection.pgconn.describe_prepared(b""),
    ):
        if result.status != ExecStatus.COMMAND_OK:
            raise errors.error_from_result(result, encoding="utf-8")
    return tuple((result.fname(place) or b"").decode() for place in range(result.nfields))


def _rows(
    cursor: psycopg.RawCursor[Any],
    question: str,
    numbered: NumberedQuery,
    values: Sequence[str],
    seconds: float | None,
) -> Generator[Sequence[Any]]:
    try:
        yield from cursor.stream(numbered.text.encode(), values)
    except psycopg.Error as error:
        _refuse(error, question, numbered, seconds)


def _refuse(error: psycopg.Error, question: str, numbered: NumberedQuery, seconds: float | None) -> NoReturn:
    if isinstance(error, errors.QueryCanceled) and seconds:
        raise QueryRejectedError(
            f"there was no answer within {seconds:g} s; give it longer with --timeout"
        ) from None
    if isinstance(error, errors.ReadOnlySqlTransaction):
        raise QueryRejectedError(READ_ONLY) from None
    message = error.diag.message_primary or str(error)
    if isinstance(error, errors.InsufficientPrivilege):
        raise QueryRejectedError(f"{message}; {READ_ONLY}") from None
    if isinstance(error, errors.SyntaxError) and "multiple commands" in message:
        raise QueryRejectedError("one question at a time: take away what follows the first ;") from None
    position = error.diag.statement_position
    where = line_and_column(question, numbered.original(int(position) - 1)) if position else None
    if isinstance(error, errors.UndefinedTable):
        raise unknown_table(message.partition('"')[2].partition('"')[0] or message, where) from None
    hint = f"; {error.diag.message_hint}" if error.diag.message_hint else ""
    raise QueryRejectedError(" ".join(f"{message}{f' ({where})' if where else ''}{hint}".split())) from None
