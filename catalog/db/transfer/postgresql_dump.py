"""Dump and restore of rows by pg_dump and pg_restore; passwords are passed in the environment."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import sqlalchemy as sa
from psycopg.conninfo import make_conninfo

from catalog.db.database import Database, DatabaseUnusableError
from catalog.db.tables import bundled_content, metadata

ADVICE = "install the client programs of the server's PostgreSQL version, and put them first in PATH"


def dumped_tables() -> list[str]:
    """The tables whose rows are dumped; `bundled_content` is written again by the restore."""
    return [table.name for table in metadata.sorted_tables if table is not bundled_content]


@contextmanager
def dump(database: Database, snapshot: str) -> Iterator[IO[bytes]]:
    """The rows of all tables in an exported snapshot, in pg_dump's custom format.

    The schema is not included: migrations create it. Raises DatabaseUnusableError if pg_dump is missing or fails.
    """
    options = ["--format=custom", "--compress=0", "--data-only", "--no-owner", f"--snapshot={snapshot}"]
    options += [f"--table={table}" for table in dumped_tables()]
    with _running("pg_dump", options, database, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield process.stdout


def restore_dump(database: Database, file: Path) -> None:
    """Inserts the rows of a dump into empty tables, all or none. Raises DatabaseUnusableError."""
    options = ["--data-only", "--single-transaction", "--exit-on-error", "--no-owner", str(file)]
    with _running("pg_restore", options, database, stdout=subprocess.DEVNULL):
        pass


@contextmanager
def _running(
    program: str, options: Sequence[str], database: Database, *, stdout: int
) -> Iterator[subprocess.Popen[bytes]]:
    place = shutil.which(program)
    if place is None:
        raise DatabaseUnusableError(f"{program} is not installed; {ADVICE}")
    target, environment = _connection(database.url)
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            [place, f"--dbname={target}", "--no-password", *options],
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=errors,
            env=environment,
        )
        try:
            yield process
            code = process.wait()
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            if process.stdout is not None:
                process.stdout.close()
        if code != 0:
            errors.seek(0)
            raise DatabaseUnusableError(_describe(program, errors.read().decode(errors="replace")))


def _connection(url: sa.URL) -> tuple[str, dict[str, str]]:
    """The connection string without the password, and the environment with it."""
    parameters = dict(url.get_dialect()().create_connect_args(url)[1])
    password = parameters.pop("password", None)
    parameters.pop("client_encoding", None)
    environment = {**os.environ, "LC_ALL": "C", "PGCLIENTENCODING": "UTF8"}
    if password:
        environment["PGPASSWORD"] = str(password)
    return make_conninfo(**parameters), environment


def _describe(program: str, output: str) -> str:
    lines = (
        [line for line in output.splitlines() if "error:" in line] or output.splitlines() or ["no message"]
    )
    reason = lines[0].partition("error:")[2].strip() or lines[0]
    if "server version mismatch" in output or "unsupported version" in output:
        return f"{program} is too old ({reason}); {ADVICE}"
    if "unrecognized configuration parameter" in output:
        # Since version 17 pg_restore sets a parameter that older servers do not have.
        return f"{program} is newer than the server ({reason}); {ADVICE}"
    return f"{program} failed: {reason}"
