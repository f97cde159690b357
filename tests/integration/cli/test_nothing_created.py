"""Wrong input leaves no catalog behind."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from catalog.cli.main import run
from tests.integration.db.conftest import empty_url

__all__ = ["empty_url"]

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with an empty folder, a text file and three broken lists."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").write_text("no audio")
    (tmp_path / "song.mp3").write_bytes(b"ID3")
    (tmp_path / "labels.csv").write_text("a,b\n1,2\n")
    (tmp_path / "binary.csv").write_bytes(bytes(range(256)) * 9)
    (tmp_path / "genres.csv").write_text("title\nRock\n")
    return tmp_path


WRONG = (
    ("ingest", "{}/nonexistent"),
    ("ingest", "{}/empty"),
    ("ingest", "{}/notes.txt"),
    ("ingest", "{}", "{}/nonexistent"),
    ("ingest", ""),
    ("ingest", "{}", "--labels", "{}/none.csv"),
    ("ingest", "{}", "--labels", "{}/labels.csv"),
    ("ingest", "{}", "--labels", "{}/binary.csv"),
    ("ingest", "{}", "--labels", "{}/labels.csv", "--columns", "genre=x"),
    ("ingest", "{}", "--columns", "nonsense"),
    ("ingest", "{}", "--feature-set", "nonsense"),
    ("ingest", "{}", "--redis-url", "redis://127.0.0.1:1"),
    ("ingest", "{}", "--nonsense"),
    ("scan", "{}/nonexistent"),
    ("scan", "{}/empty"),
    ("scan", "{}", "{}/empty"),
    ("scan", "{}/notes.txt"),
    ("scan", "{}", "{}", "--name", "x"),
    ("fma", "import", "{}/nonexistent"),
    ("fma", "import", "{}/empty"),
    ("fma", "import", "{}/notes.txt"),
    ("genres", "import", "{}/nonexistent"),
    ("genres", "import", "{}/genres.csv"),
    ("labels", "import", "{}/labels.csv"),
    ("features", "import", "{}/labels.csv", "--name", "mine"),
    ("db", "restore", "{}/nonexistent"),
    ("db", "restore", "{}/notes.txt"),
    ("db", "upgrade", "nonsense"),
    ("review", "list"),
    ("train",),
    ("analyze",),
    ("report", "--output", "{}/new/report.html"),
    ("export", "suspects", "--output", "{}/new.csv"),
)


@pytest.mark.parametrize("words", WRONG, ids=" ".join)
def test_wrong_input_creates_nothing(words: tuple[str, ...], folder: Path, capsys: Capture) -> None:
    before = sorted(folder.rglob("*"))
    code = run(["--home", str(folder / "home"), *(word.format(folder) for word in words)])
    assert code in {1, 2}
    printed = capsys.readouterr()
    assert printed.out == ""
    if code == 1:
        assert len(printed.err.splitlines()) == 1
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize("words", [("ingest", "{}/nonexistent"), ("scan", "{}/empty")], ids=" ".join)
def test_an_empty_server_database_stays_empty(
    words: tuple[str, ...], folder: Path, empty_url: Any, capsys: Capture
) -> None:
    url = empty_url("postgresql")
    assert (
        run(["--database-url", url, "--home", str(folder / "home"), *(word.format(folder) for word in words)])
        == 1
    )
    engine = sa.create_engine(re.sub("^postgresql:", "postgresql+psycopg:", url))
    assert sa.inspect(engine).get_table_names() == []
    engine.dispose()


def test_right_input_creates_the_catalog_once(folder: Path, capsys: Capture) -> None:
    home = str(folder / "home")
    assert run(["--home", home, "scan", str(folder / "song.mp3")]) in {0, 3}
    assert (folder / "home" / "catalog.db").exists()


def test_quiet_prints_nothing_on_success(folder: Path, capsys: Capture) -> None:
    home = ["--home", str(folder / "home")]
    (folder / "song.mp3").rename(folder / "empty" / "song.mp3")
    assert run([*home, "scan", str(folder / "empty"), "-q", "--dry-run"]) in {0, 3}
    assert "1 file" in capsys.readouterr().out
    assert run([*home, "scan", str(folder / "empty"), "-q"]) in {0, 3}
    assert capsys.readouterr().out == ""
    (folder / "genres.csv").write_text("name\nMy Genre\n")
    for words in (
        ("genres", "import", "{}/genres.csv"),
        ("genres", "alias", "Mine", "My Genre"),
        ("queue", "sync"),
    ):
        assert run([*home, "-q", *(word.format(folder) for word in words)]) == 0
        printed = capsys.readouterr()
        assert (printed.out, printed.err) == ("", ""), words
    assert run([*home, "-q", "sql", "SELECT 1 AS one", "--csv"]) == 0
    assert capsys.readouterr().out.split() == ["one", "1"]
