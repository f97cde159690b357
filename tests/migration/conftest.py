"""Empty databases, and a copy of the migrations that a test may add a revision to."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
import sqlalchemy as sa

from catalog.db.database import Database, open_database
from catalog.db.schema import migrate, revisions


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database with nothing in it, on each of the two."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    server: sa.URL = request.getfixturevalue("postgresql_server")
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    name = f"empty_{uuid.uuid4().hex[:12]}"
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE template0")
    yield server.set(database=name).render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def empty(empty_url: str) -> Iterator[Database]:
    """A database with nothing in it, on each of the two."""
    database = open_database(empty_url)
    yield database
    database.close()


@pytest.fixture
def copied_migrations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the migrations that the program uses instead of its own; gives the folder of its revisions."""
    folder = tmp_path / "migrations"
    shutil.copytree(str(files("migrations")), folder, ignore=shutil.ignore_patterns("__pycache__"))
    for module in (revisions, migrate):
        monkeypatch.setattr(module, "migrations_folder", lambda: folder)
    return folder / "versions"
