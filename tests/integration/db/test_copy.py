"""A catalog copied into another database has the same rows, also after interruptions."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

from catalog.db import tables as t
from catalog.db.database import Database, DatabaseUnavailableError, DatabaseUnusableError, open_database
from catalog.db.derived.track_status import track_status_differences
from catalog.db.schema.integrity import check_integrity, check_schema
from catalog.db.schema.schema_state import SchemaState, inspect_schema, require_current, upgrade
from catalog.db.transfer import copy
from catalog.db.transfer.copy import COPIED, CopyRejectedError, copy_database
from catalog.db.transfer.portable_rows import TableChecksum, portable_rows, write_portable_rows


@pytest.fixture
def target(database: Database, empty_url: Any) -> Iterator[Database]:
    """An empty database on the other kind of server."""
    opened = open_database(empty_url("postgresql" if database.is_sqlite else "sqlite"))
    yield opened
    opened.close()


@pytest.fixture
def strange(database: Database, sample: Any) -> None:
    """Values at the edges of their types, and rows that refer to later ones."""
    track = sample.tracks["Amber"]
    with database.write() as connection:
        connection.execute(
            sa.update(t.track)
            .where(t.track.c.id == track)
            .values(
                title="Ж\u0301 \U0001f3b5 'a\tb\n\\N'",
                path_bytes=bytes(range(1, 256)),
                duration=0.1 + 0.2,
                mtime_ns=2**62,
                added_at=datetime(1999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
            )
        )
        connection.execute(
            sa.update(t.feature_vector)
            .where(t.feature_vector.c.track_id == track)
            .values(
                vector=np.array([np.nan, -0.0, 1e-45, np.inf], dtype=np.float32),
                provenance={"ü": [1.5, None]},
            )
        )
        rock, jazz = sample.genres["Rock"], sample.genres["Jazz"]
        low, high = sorted((rock, jazz))
        connection.execute(sa.update(t.genre).where(t.genre.c.id == low).values(parent_id=high))
        connection.execute(sa.insert(t.artist).values(id=2**40, key="far", name="", folded=""))


def sums(database: Database) -> dict[str, TableChecksum]:
    with database.read() as connection:
        return {table.name: TableChecksum.of(portable_rows(connection, table)) for table in COPIED}


def values(database: Database) -> dict[str, list[str]]:
    """All rows as the program sees them, through its column types: not by what the copy itself reads with."""
    with database.read() as connection:
        return {
            table.name: sorted(
                str([_shown(value) for value in row]) for row in connection.execute(sa.select(table))
            )
            for table in COPIED
        }


def _shown(value: object) -> object:
    return value.tobytes() if isinstance(value, np.ndarray) else value


def test_everything_arrives(database: Database, target: Database, strange: None) -> None:
    before = sums(database)
    copied = copy_database(database, target)
    assert copied.tables == before == sums(target) == sums(database)
    assert sum(table.rows for table in copied.tables.values()) > 1_000
    assert not copied.source_changed
    assert values(target) == values(database)
    require_current(target)
    assert not any(check.differences for check in (*check_schema(target), *check_integrity(target)))
    with target.read() as connection:
        assert track_status_differences(connection) == 0
        wanted = connection.exec_driver_sql("SELECT count(*) FROM predicted_vs_tagged").scalar_one()
    assert wanted == 8


def test_the_copy_is_a_catalog_like_any_other(database: Database, target: Database, strange: None) -> None:
    copy_database(database, target)
    with target.write() as connection:
        known = set(connection.execute(sa.select(t.artist.c.id)).scalars())
        new = connection.execute(
            sa.insert(t.artist).values(key="new", name="new", folded="new").returning(t.artist.c.id)
        ).scalar_one()
        assert new > max(known)
    with pytest.raises(sa.exc.IntegrityError), target.write() as connection:
        connection.execute(
            sa.insert(t.genre_alias).values(genre_id=99_999, alias="x", folded="x", added_by="x")
        )
    with pytest.raises(sa.exc.IntegrityError), target.write() as connection:
        connection.execute(sa.delete(t.collection))


@pytest.mark.parametrize("fails_at", [1, 20])
def test_an_interrupted_copy_starts_over(
    database: Database, target: Database, strange: None, fails_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables: list[sa.Table] = []

    def fail(connection: Any, table: sa.Table, rows: Any) -> None:
        tables.append(table)
        if len(tables) == fails_at:
            raise RuntimeError("power cut")
        write_portable_rows(connection, table, rows)

    with monkeypatch.context() as patched:
        patched.setattr(copy, "write_portable_rows", fail)
        with pytest.raises(RuntimeError):
            copy_database(database, target)
    assert inspect_schema(target).state is SchemaState.HALF_COPIED
    with pytest.raises(DatabaseUnusableError, match="copy into this database did not finish"):
        require_current(target)
    with database.write() as connection:
        connection.execute(sa.insert(t.artist).values(key="x", name="x", folded="x"))
    copy_database(database, target)
    assert sums(target) == sums(database)
    require_current(target)


def test_a_lost_connection_starts_over(
    database: Database, target: Database, sample: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts: list[sa.Table] = []

    def fail_once(connection: Any, table: sa.Table, rows: Any) -> None:
        if table is t.prediction:
            attempts.append(table)
            if len(attempts) == 1:
                raise DatabaseUnavailableError("gone")
        write_portable_rows(connection, table, rows)

    monkeypatch.setattr(copy, "write_portable_rows", fail_once)
    copy_database(database, target)
    assert len(attempts) == 2
    assert sums(target) == sums(database)


def test_a_connection_lost_after_the_commit_is_a_success(
    database: Database, target: Database, sample: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    copying, attempts = copy._copying, []

    @contextmanager
    def lose_the_answer(target: Database) -> Iterator[sa.Connection]:
        with copying(target) as connection:
            yield connection
        attempts.append(target)
        raise DatabaseUnavailableError("gone")

    monkeypatch.setattr(copy, "_copying", lose_the_answer)
    copied = copy_database(database, target)
    assert len(attempts) == 1
    assert copied.tables == sums(target) == sums(database)


def test_a_difference_is_found(
    database: Database, target: Database, sample: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def garble(connection: Any, table: sa.Table, rows: Any) -> None:
        rows = list(rows)
        if table is t.prediction:
            at = table.c.keys().index("probability_1")
            rows = [(*rows[0][:at], rows[0][at] + 1e-15, *rows[0][at + 1 :]), *rows[1:]]
        write_portable_rows(connection, table, rows)

    with monkeypatch.context() as patched:
        patched.setattr(copy, "write_portable_rows", garble)
        with pytest.raises(CopyRejectedError, match="differs from the source in: prediction"):
            copy_database(database, target)
    copy_database(database, target)
    assert sums(target) == sums(database)


def test_what_does_not_fit_is_refused(database: Database, target: Database, sample: Any) -> None:
    with pytest.raises(CopyRejectedError, match="the catalog itself"):
        copy_database(database, database)
    upgrade(target)
    with target.write() as connection:
        connection.execute(sa.insert(t.artist).values(key="x", name="x", folded="x"))
    with pytest.raises(CopyRejectedError, match="already holds a catalog"):
        copy_database(database, target)


def test_a_database_of_another_program_is_left_alone(database: Database, target: Database) -> None:
    with target.write() as connection:
        connection.exec_driver_sql("CREATE TABLE invoice (id INTEGER)")
    with pytest.raises(DatabaseUnusableError, match="another program"):
        copy_database(database, target)
    with target.read() as connection:
        assert sa.inspect(connection).get_table_names() == ["invoice"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_only_one_copy_runs_at_a_time(database: Database, target: Database, sample: Any) -> None:
    copy.prepare_target(database, target)
    with copy._copying(target), pytest.raises(CopyRejectedError, match=r"another copy .* is running"):
        copy_database(database, target)
    copy_database(database, target)
    with pytest.raises(CopyRejectedError, match="has finished"), copy._copying(target):
        pass


def test_text_that_postgresql_cannot_hold(sqlite_url: str, empty_url: Any) -> None:
    source, target = open_database(sqlite_url), open_database(empty_url("postgresql"))
    try:
        with source.write() as connection:
            connection.execute(sa.insert(t.artist).values(key="x", name="a\0b", folded="x"))
        with pytest.raises(CopyRejectedError, match=r"table artist cannot be copied: .*0x00.*column name"):
            copy_database(source, target)
    finally:
        source.close()
        target.close()


def test_writers_go_on_and_are_noticed(
    sqlite_url: str, empty_url: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = open_database(sqlite_url), open_database(empty_url("sqlite"))
    before = sums(source)

    def meanwhile(connection: Any, table: sa.Table, rows: Any) -> None:
        with source.write() as writing:
            writing.execute(sa.insert(t.reviewer).values(name=table.name, token_sha256=table.name))
        write_portable_rows(connection, table, rows)

    monkeypatch.setattr(copy, "write_portable_rows", meanwhile)
    try:
        assert copy_database(source, target).source_changed
        assert sums(target) == before != sums(source)
    finally:
        source.close()
        target.close()


COPY = """
import sys
from catalog.db.transfer import copy
from catalog.db.database import open_database

copy.ROWS_PER_REPORT = 50
copy.copy_database(
    open_database(sys.argv[1]), open_database(sys.argv[2]), lambda name, rows: print(name, rows, flush=True)
)
"""


@pytest.mark.parametrize("backend", ["sqlite", "postgresql"])
def test_a_killed_copy_starts_over(sqlite_url: str, empty_url: Any, backend: str) -> None:
    url = empty_url(backend)
    for lines in (3, 20):
        process = subprocess.Popen([sys.executable, "-c", COPY, sqlite_url, url], stdout=subprocess.PIPE)
        assert process.stdout is not None
        for _ in range(lines):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
    source, target = open_database(sqlite_url), open_database(url)
    try:
        assert inspect_schema(target).state is SchemaState.HALF_COPIED
        copy_database(source, target)
        assert sums(target) == sums(source)
        require_current(target)
    finally:
        source.close()
        target.close()
