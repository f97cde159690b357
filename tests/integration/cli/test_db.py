"""The verb `db`: upgrade, downgrade, check."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
import sqlalchemy as sa

from catalog.cli.main import run
from catalog.db.database import Database
from catalog.db.schema.schema_state import inspect_schema


def differences(outcome: Any) -> dict[str, int]:
    return {row["check"]: row["differences"] for row in json.loads(outcome.out)}


def test_a_sound_catalog(invoke: Any, sample: Any, database: Database) -> None:
    done = invoke("db", "check", "--json")
    assert done.code == 0
    names = ["revision", "tables", "views", *(["integrity", "references"] if database.is_sqlite else [])]
    assert differences(done) == dict.fromkeys(
        [*names, "track_status", "confusion_count", "genre_ancestor"], 0
    )


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        ("UPDATE track_status SET tagged_genre = 'Polka' WHERE tagged_genre = 'Jazz'", {"track_status": 2}),
        ("DELETE FROM track_status", {"track_status": 8}),
        (
            "UPDATE confusion_count SET tracks = 99 WHERE tagged_genre_id = predicted_genre_id",
            {"confusion_count": 6},
        ),
        ("DELETE FROM genre_ancestor WHERE distance = 0 AND genre_id = 1", {"genre_ancestor": 1}),
        ("DROP VIEW untagged", {"views": 1}),
    ],
)
def test_what_differs_is_found_and_repaired(
    invoke: Any, sample: Any, database: Database, damage: str, found: dict[str, int]
) -> None:
    with database.write() as connection:
        connection.exec_driver_sql(damage)
    done = invoke("db", "check", "--json")
    assert done.code == 1
    assert {name: number for name, number in differences(done).items() if number} == found
    assert "--repair" in done.err
    assert invoke("db", "check", "--repair").code == 0
    assert invoke("db", "check").code == 0


def test_a_reference_to_nothing_is_found(sqlite_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    import sqlite3

    with sqlite3.connect(sqlite_url.removeprefix("sqlite:///")) as connection:
        connection.execute(
            "INSERT INTO genre_alias (genre_id, alias, folded, added_by) VALUES (9999, 'x', 'x', 'x')"
        )
    connection.close()
    assert run(["--database-url", sqlite_url, "db", "check", "--json"]) == 1
    assert "genre_alias refers to a missing row of genre" in capsys.readouterr().out


def test_down_and_up_again(invoke: Any, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "nothing to do" in invoke("db", "upgrade").err
    assert "would downgrade" in invoke("db", "downgrade", "base", "--dry-run").err
    assert invoke("stats").code == 0
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    assert invoke("db", "downgrade", "base").code == 1
    assert invoke("stats").code == 0
    database.close()
    assert invoke("db", "downgrade", "base", "--yes").code == 0
    assert invoke("stats").code == 1
    assert invoke("db", "downgrade", "base", "--yes").code == 1
    assert "nothing was changed" in invoke("db", "upgrade", "--dry-run").err
    assert invoke("stats").code == 1
    assert invoke("db", "upgrade").code == 0
    assert invoke("db", "check").code == 0
    with database.read() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM genre")).scalar_one() > 200


def test_a_revision_that_is_unknown(invoke: Any, database: Database) -> None:
    # Told before any question is asked, and by a dry run too.
    for verb in (
        ("upgrade", "nix"),
        ("downgrade", "nix"),
        ("downgrade", "nix", "-y"),
        ("downgrade", "nix", "--dry-run"),
    ):
        done = invoke("db", *verb)
        assert (done.code, done.err.count("\n")) == (1, 1)
        assert "there is no revision 'nix'; the revisions are: base, 0001" in done.err


def test_up_leads_nowhere_but_up_and_down_nowhere_but_down(invoke: Any, database: Database) -> None:
    head = inspect_schema(database).head
    done = invoke("db", "upgrade", head)
    assert (done.code, "nothing to do" in done.err) == (0, True)
    for revision in (head, "head"):
        for option in ("--yes", "--dry-run"):
            done = invoke("db", "downgrade", revision, option)
            assert (done.code, done.err.count("\n")) == (1, 1)
            assert f"at revision {head}, and {revision} is not older" in done.err
            assert "catalog db upgrade" in done.err


def test_what_lacks_a_table_is_not_called_ready(invoke: Any, database: Database) -> None:
    with database.write() as connection:
        connection.exec_driver_sql("DROP TABLE tag_write")
    for verb in (("upgrade",), ("upgrade", "--dry-run"), ("downgrade", "0001", "--dry-run")):
        done = invoke("db", *verb)
        assert (done.code, "some of its tables are missing" in done.err) == (1, True)
