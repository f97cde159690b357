"""A catalog that an older version of the program left:

its views and its vocabulary are renewed, where one may write.
"""

from __future__ import annotations

import sqlite3

import pytest
import sqlalchemy as sa

from catalog.cli.main import run
from catalog.db.database import Database, open_database
from catalog.db.schema.integrity import view_differences
from catalog.db.tables import bundled_content, genre
from catalog.genres.content_upgrade import is_content_outdated, upgrade_content_if_possible
from catalog.genres.vocabulary_store import load_vocabulary


def set_older_content(database: Database) -> None:
    """A view that is no more what its file says, a genre that was not known then."""
    with database.write() as connection:
        connection.exec_driver_sql("DROP VIEW untagged")
        connection.exec_driver_sql("CREATE VIEW untagged AS SELECT 1 AS track_id")
        held = connection.scalar(sa.select(genre.c.id).where(genre.c.name == "Djent"))
        connection.exec_driver_sql(f"DELETE FROM genre_ancestor WHERE genre_id = {held}")
        connection.exec_driver_sql(f"DELETE FROM genre WHERE id = {held}")
        connection.execute(sa.update(bundled_content).values(digest="of an older version"))


def is_upgraded(database: Database) -> bool:
    with database.read() as connection:
        known = load_vocabulary(connection).by_spelling("Djent") is not None
    return known and not is_content_outdated(database) and view_differences(database) == []


def test_the_first_command_upgrades_the_content(database: Database, database_url: str) -> None:
    set_older_content(database)
    assert not is_upgraded(database)
    assert run(["--database-url", database_url, "sql", "SELECT count(suggested_genre) FROM untagged"]) == 0
    assert is_upgraded(database)


def test_db_upgrade_upgrades_the_content(
    database: Database, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    set_older_content(database)
    verb = ["--database-url", database_url, "db", "upgrade"]
    assert run([*verb, "--dry-run"]) == 0
    assert not is_upgraded(database)
    assert run(verb) == 0
    assert "are now up to date" in capsys.readouterr().err
    assert is_upgraded(database)
    assert run(verb) == 0
    assert "nothing to do" in capsys.readouterr().err


def test_a_locked_database_is_used_without_the_upgrade(
    sqlite_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    database = open_database(sqlite_url)
    set_older_content(database)
    with database.write():
        assert run(["--database-url", sqlite_url, "sql", "SELECT track_id FROM untagged", "--csv"]) == 0
    assert capsys.readouterr().out.split() == ["track_id", "1"]
    assert not is_upgraded(database)
    database.close()


def test_a_read_only_role_uses_the_old_content(
    postgresql_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    database = open_database(postgresql_url)
    set_older_content(database)
    name = "reader_of_the_renewal"
    with database.write() as connection:
        connection.exec_driver_sql(f"DROP ROLE IF EXISTS {name}")
        connection.exec_driver_sql(f"CREATE ROLE {name} LOGIN")
        connection.exec_driver_sql(f"GRANT pg_read_all_data TO {name}")
    url = sa.make_url(postgresql_url).set(username=name).render_as_string(hide_password=False)
    assert run(["--database-url", url, "sql", "SELECT track_id FROM untagged", "--csv"]) == 0
    assert capsys.readouterr().out.split() == ["track_id", "1"]
    assert not is_upgraded(database)
    with database.write() as connection:
        connection.exec_driver_sql(f"DROP ROLE {name}")
    database.close()


def test_a_foreign_view_that_depends_on_ours_is_named(
    postgresql_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    database = open_database(postgresql_url)
    with database.write() as connection:
        connection.exec_driver_sql("CREATE VIEW mine AS SELECT track_id FROM suspects")
    set_older_content(database)
    assert run(["--database-url", postgresql_url, "sql", "SELECT count(*) FROM mine", "--csv"]) == 0
    assert "view mine depends on view suspects; drop what is yours" in capsys.readouterr().err
    assert run(["--database-url", postgresql_url, "db", "upgrade"]) == 1
    assert "view mine depends on view suspects; drop what is yours" in capsys.readouterr().err
    database.close()


def test_a_read_only_file_can_be_queried(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Root may write to every file, so the refusal is SQLite's own."""
    database = open_database(sqlite_url)
    set_older_content(database)
    refusing = open_database(sqlite_url)

    @sa.event.listens_for(refusing.writer, "connect")
    def only_read(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA query_only = ON")

    upgrade_content_if_possible(refusing)
    assert is_content_outdated(refusing)
    assert capsys.readouterr().err == ""
    refusing.close()
    database.close()
