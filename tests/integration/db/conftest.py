"""Databases with nothing in them, to copy or to restore into."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

EmptyUrl = Callable[[str], str]


@pytest.fixture
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[EmptyUrl]:
    """A function that gives the URL of a database without tables, on the kind of server that is asked for."""
    made: list[str] = []
    engines: list[sa.Engine] = []

    def make(backend: str) -> str:
        name = f"empty_{uuid.uuid4().hex[:12]}"
        if backend == "sqlite":
            return f"sqlite:///{tmp_path / name}.db"
        server: sa.URL = request.getfixturevalue("postgresql_server")
        engines.append(sa.create_engine(server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool))
        with engines[-1].connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
        made.append(name)
        return server.set(database=name).render_as_string(hide_password=False)

    yield make
    for name in made:
        with engines[0].connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
