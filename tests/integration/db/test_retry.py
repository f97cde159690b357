"""A database that goes away in the middle:

waited for where work can be done again, and told apart from a wrong password.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from catalog.db import retry
from catalog.db import tables as t
from catalog.db.database import Database, DatabaseUnavailableError, DatabaseUnusableError, open_database
from catalog.db.retry import is_connection_lost, retry_until_connected
from catalog.db.schema.schema_state import inspect_schema


@pytest.fixture
def on_postgresql(postgresql_url: str) -> Iterator[Database]:
    opened = open_database(postgresql_url)
    yield opened
    opened.close()


def end_connections(url: str) -> None:
    """As a server does that stops."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"  # noqa: E501
        connection.exec_driver_sql(others)


def test_work_that_lost_its_connection_is_done_again(on_postgresql: Database, postgresql_url: str) -> None:
    tries = []

    def work() -> int:
        tries.append(1)
        with on_postgresql.write() as connection:
            connection.execute(sa.insert(t.artist).values(key="a", name="a", folded="a"))
            if len(tries) < 3:
                end_connections(postgresql_url)
            return connection.execute(sa.select(sa.func.count()).select_from(t.artist)).scalar_one()

    assert retry_until_connected(work) == 1
    assert len(tries) == 3


def test_what_is_no_loss_is_raised_at_once(on_postgresql: Database) -> None:
    for statement in ("SELECT nothing", "SELECT 1 / 0"):
        with pytest.raises(sa.exc.DBAPIError), on_postgresql.read() as connection:
            retry_until_connected(lambda: connection.exec_driver_sql(statement))  # noqa: B023 - called at once


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def test_patience_has_an_end(closed_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    database = open_database(f"postgresql://u:geheim@127.0.0.1:{closed_port}/x")
    tries = []

    def work() -> None:
        tries.append(1)
        inspect_schema(database)

    with pytest.raises(DatabaseUnusableError, match="has not answered for 1 s") as caught:
        retry_until_connected(work, patience=1)
    assert "geheim" not in str(caught.value)
    assert len(tries) > 2


def test_a_server_that_comes_back(
    closed_port: int, on_postgresql: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A port at which nobody answers, and after a while the server."""
    host = on_postgresql.url.query.get("host") or on_postgresql.url.host
    path = f"{host}/.s.PGSQL.{on_postgresql.url.port or 5432}"
    url = on_postgresql.url.set(host="127.0.0.1", port=closed_port).difference_update_query(["host"])
    through = open_database(url)
    monkeypatch.setattr(retry, "LONGEST_PAUSE", 0.2)

    def come_back() -> None:
        time.sleep(1)
        with socket.create_server(("127.0.0.1", closed_port)) as listener:
            client, _ = listener.accept()
            with client, socket.socket(socket.AF_UNIX) as server:
                server.connect(path)
                back = threading.Thread(target=pass_on, args=(server, client))
                back.start()
                pass_on(client, server)
                back.join()

    def pass_on(source: socket.socket, target: socket.socket) -> None:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)

    thread = threading.Thread(target=come_back)
    thread.start()

    def ask() -> Any:
        with through.read() as connection:
            return connection.execute(sa.select(sa.func.count()).select_from(t.genre)).scalar_one()

    assert retry_until_connected(ask) > 200
    through.close()
    thread.join()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"database": "nix"}, 'database "nix" does not exist'),
        ({"username": "nobody"}, 'role "nobody" does not exist'),
    ],
)
def test_what_waiting_does_not_mend_is_told_at_once(on_postgresql: Database, change: Any, words: str) -> None:
    wrong = open_database(on_postgresql.url.set(**change))
    with pytest.raises(DatabaseUnusableError, match=words) as caught:
        retry_until_connected(lambda: inspect_schema(wrong))
    assert not is_connection_lost(caught.value)
    assert not isinstance(caught.value, DatabaseUnavailableError)


def test_a_child_has_connections_of_its_own(database: Database) -> None:
    """Whoever forks with an open connection keeps it, and the child opens another."""

    def who(connection: sa.Connection) -> Any:
        return connection.connection.driver_connection

    with database.read() as connection:
        inherited = who(connection)
        count = connection.execute(sa.select(sa.func.count()).select_from(t.genre)).scalar_one()
        child = os.fork()
        if child == 0:
            try:
                with database.read() as own:
                    same = who(own) is inherited
                    found = own.execute(sa.select(sa.func.count()).select_from(t.genre)).scalar_one()
                database.close()
                os._exit(0 if found == count and not same else 1)
            finally:
                os._exit(2)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert connection.execute(sa.select(sa.func.count()).select_from(t.genre)).scalar_one() == count
        assert who(connection) is inherited


@pytest.mark.parametrize(
    ("words", "away"),
    [
        ("connection failed: Connection refused", True),
        ("server closed the connection unexpectedly", True),
        ("FATAL:  the database system is starting up", True),
        ("FATAL:  the database system is not yet accepting connections", True),
        ("FATAL:  sorry, too many clients already", True),
        ('FATAL:  password authentication failed for user "x"', False),
        ('FATAL:  no pg_hba.conf entry for host "x"', False),
    ],
)
def test_what_a_server_says_on_connecting(words: str, away: bool) -> None:
    assert is_connection_lost(psycopg.OperationalError(words)) is away
    assert is_connection_lost(sa.exc.OperationalError("", {}, psycopg.OperationalError(words))) is away
