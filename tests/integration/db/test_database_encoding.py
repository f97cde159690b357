"""PostgreSQL databases in other encodings are refused before anything is created, and text is always sent as UTF-8."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from catalog.cli.main import run
from catalog.db.database import open_database
from catalog.db.tables import artist


@pytest.fixture(params=["SQL_ASCII", "LATIN1", "EUC_JP"])
def encoding(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def encoded_url(postgresql_server: sa.URL, encoding: str) -> Iterator[str]:
    """The URL of an empty database in this encoding."""
    name = f"encoded_{uuid.uuid4().hex[:12]}"
    server = sa.create_engine(postgresql_server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    locale = "LC_COLLATE 'C' LC_CTYPE 'C'"
    with server.connect() as connection:
        connection.exec_driver_sql(
            f"CREATE DATABASE {name} ENCODING '{encoding}' {locale} TEMPLATE template0"
        )
    yield postgresql_server.set(database=name).render_as_string(hide_password=False)
    with server.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


def count_tables(url: str) -> int:
    engine = sa.create_engine(url, poolclass=sa.NullPool, connect_args={"client_encoding": "utf8"})
    with engine.connect() as connection:
        return connection.exec_driver_sql(
            "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        ).scalar_one()


def test_every_command_refuses_another_encoding_in_one_line(
    encoded_url: str, encoding: str, sqlite_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "music").mkdir()
    source = ["--home", str(tmp_path / "source"), "--database-url", sqlite_url]
    target = ["--home", str(tmp_path / "home"), "--database-url", encoded_url]
    for command in (
        [*target, "scan", str(tmp_path / "music")],
        [*target, "stats"],
        [*target, "worker"],
        [*target, "db", "upgrade"],
        [*target, "db", "check"],
        [*target, "db", "copy", "--to", f"sqlite:///{tmp_path}/copy.db"],
        [*source, "db", "copy", "--to", encoded_url],
        [*source, "db", "copy", "--to", encoded_url, "--dry-run"],
    ):
        code, errors = run(command), capsys.readouterr().err
        assert code == 1, command
        assert f"has the encoding {encoding}, not UTF8; create another one" in errors
        assert errors.count("\n") == 1
    assert run([*target, "doctor"]) == 1
    assert f"has the encoding {encoding}" in capsys.readouterr().out
    assert count_tables(encoded_url) == 0
    assert not (tmp_path / "copy.db").exists()


@pytest.mark.parametrize("option", ["", "client_encoding=latin1"])
def test_the_client_encoding_is_utf8_whatever_the_environment_says(
    postgresql_url: str, option: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    separator = "&" if "?" in postgresql_url else "?"
    database = open_database(f"{postgresql_url}{separator}{option}" if option else postgresql_url)
    with database.write() as connection:
        connection.execute(sa.insert(artist).values(key="Ροκ", name="ロック", folded="ροκ"))
    with database.read() as connection:
        assert connection.execute(sa.select(artist.c.name).where(artist.c.key == "Ροκ")).scalar() == "ロック"
    database.close()
