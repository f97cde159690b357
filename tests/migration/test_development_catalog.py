"""A catalog that a development version wrote, before the first release: reported, unchanged, and its labels imported.

`data/development.sql.gz` is the dump of its database: four tracks, three with a genre in the file, one with an imported
genre, one whose genre a person corrected. `data/development-labels.csv` is what its `catalog export labels` wrote.
"""

from __future__ import annotations

import gzip
import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa

from catalog.cli.main import run
from catalog.db import tables as t
from catalog.db.database import Database

DATA = Path(__file__).parent / "data"
COMMANDS = [
    ("stats",),
    ("sql", "SELECT 1"),
    ("export", "labels"),
    ("scan", str(DATA)),
    ("ingest", str(DATA)),
    ("labels", "import", str(DATA / "development-labels.csv")),
    ("genres", "list"),
    ("train",),
    ("predict",),
    ("audit", "labels"),
    ("review", "list"),
    ("write",),
    ("report",),
    ("queue", "status"),
    ("db", "check"),
    ("db", "upgrade"),
    ("db", "downgrade", "base", "--yes"),
    ("db", "backup", "--output", "b.zip"),
    ("db", "copy", "--to", "sqlite:///copy.db"),
]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The home of the development catalog."""
    home = tmp_path / "home"
    home.mkdir()
    with gzip.open(DATA / "development.sql.gz", "rt", encoding="utf-8") as file:
        connection = sqlite3.connect(home / "catalog.db")
        connection.executescript(file.read())
    # As the program leaves it: reading a file in another mode would convert it.
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    return home


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_names_the_way_on_in_one_line(
    home: Path,
    command: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    before = (home / "catalog.db").read_bytes()
    assert run(["--home", str(home), *command]) == 1
    printed = capsys.readouterr()
    assert (printed.out, printed.err.count("\n")) == ("", 1)
    assert "made by a development version" in printed.err
    assert "catalog export labels -o labels.csv" in printed.err
    assert "catalog labels import labels.csv" in printed.err
    assert (home / "catalog.db").read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == {"home"}


def test_the_doctor_reports_it(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--home", str(home), "doctor"]) == 1
    assert "made by a development version" in capsys.readouterr().out


def test_a_person_stays_the_source_of_their_labels(
    database: Database, database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with database.write() as connection:
        connection.execute(
            sa.insert(t.collection).values(id=1, name="music", kind="folder", root_bytes=b"/music")
        )
        for key, path in enumerate(
            (b"Anna/One.flac", b"Anna/Two.flac", b"Berta/Four.flac", b"Berta/Three.flac"), 1
        ):
            connection.execute(
                sa.insert(t.track).values(id=key, collection_id=1, path=path.decode(), path_bytes=path)
            )
    labels = str(DATA / "development-labels.csv")
    command = ["--home", str(tmp_path / "new"), "--database-url", database_url, "labels", "import", labels]
    query = (
        sa.select(
            t.statement.c.track_id, t.statement.c.source, t.statement.c.stated_by, t.statement.c.as_written
        )
        .where(t.statement.c.withdraws_id.is_(None))
        .order_by(t.statement.c.track_id)
    )
    for count in (2, 0):
        assert run(command) == 0
        printed = capsys.readouterr()
        assert "with genres for 2 tracks" in printed.out
        assert f"{count} new" in printed.out
        assert "1 track with genres that a person stated" in printed.out
        assert "2 rows from the tags of audio files skipped" in printed.err
        with database.read() as connection:
            assert [tuple(row) for row in connection.execute(query)] == [
                (2, "person", "Ada", "Blues"),
                (3, "import", "development-labels.csv", "Ambient"),
            ]
