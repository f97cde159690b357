"""Arguments and errors of pg_dump and pg_restore."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from catalog.db.transfer.postgresql_dump import _connection, _describe, dumped_tables


def test_bundled_content_is_not_dumped() -> None:
    assert "track" in dumped_tables()
    assert "bundled_content" not in dumped_tables()


def test_the_password_is_only_in_the_environment() -> None:
    target, environment = _connection(sa.make_url("postgresql+psycopg://ada:secret@host:5433/catalog"))
    assert "secret" not in target
    assert "host=host" in target
    assert environment["PGPASSWORD"] == "secret"


def test_text_is_dumped_as_utf8(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    target, environment = _connection(sa.make_url("postgresql+psycopg://host/catalog?client_encoding=latin1"))
    assert "client_encoding" not in target
    assert environment["PGCLIENTENCODING"] == "UTF8"


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("pg_dump: error: no such database\nmore", "pg_dump failed: no such database"),
        ("pg_dump: error: aborting because of server version mismatch", "pg_dump is too old"),
        ("error: unrecognized configuration parameter", "pg_dump is newer than the server"),
        ("", "pg_dump failed: no message"),
    ],
)
def test_errors_are_one_line(output: str, expected: str) -> None:
    described = _describe("pg_dump", output)
    assert described.startswith(expected)
    assert "\n" not in described
