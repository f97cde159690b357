"""A dry run where there is no catalog yet: it says what would be done, and leaves nothing behind."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from catalog.cli.main import run
from catalog.db.database import open_database
from catalog.db.schema.schema_state import SchemaState, inspect_schema
from tests.integration.cli.conftest import Invoke
from tests.integration.collection.fma_files import row, write_tracks
from tests.integration.workers.sound import QUIET, write_sound


@pytest.fixture
def music(tmp_path: Path) -> Path:
    folder = tmp_path / "music"
    folder.mkdir()
    write_sound(folder / "one.wav", QUIET)
    return folder


def test_no_verb_makes_a_catalog_on_a_dry_run(
    music: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    home, scratch = tmp_path / "home", tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    tracks = write_tracks(tmp_path / "tracks.csv", [row(2), row(3)])
    told = {}
    for verb in (["scan", str(music)], ["ingest", str(music)], ["fma", "import", str(tracks)]):
        assert run(["--home", str(home), *verb, "--dry-run", "--json"]) == 0
        told[verb[0]] = json.loads(capsys.readouterr().out)
    assert told["scan"][0]["added"] == 1
    assert told["ingest"]["collections"][0]["new"] == 1
    assert told["fma"]["recorded"]["added"] == 2
    assert not home.exists()
    assert list(scratch.iterdir()) == []


def test_an_empty_postgresql_stays_empty(
    music: Path, postgresql_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    database = open_database(postgresql_url)
    with database.write() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
    assert run(["--database-url", postgresql_url, "scan", str(music), "--dry-run"]) == 0
    assert "1 new" in capsys.readouterr().out
    assert inspect_schema(database).state is SchemaState.EMPTY
    database.close()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("option", [(), ("--dry-run",)])
def test_a_copy_into_a_folder_that_is_not_there_is_refused(
    invoke: Invoke, tmp_path: Path, option: tuple[str, ...]
) -> None:
    done = invoke("db", "copy", "--to", f"sqlite:///{tmp_path / 'typo' / 'x.db'}", *option)
    assert (done.code, done.out) == (1, "")
    assert done.err == (
        f"catalog: there is no folder {tmp_path / 'typo'}; create it first, or correct the name\n"
    )
    assert not (tmp_path / "typo").exists()
