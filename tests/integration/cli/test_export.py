"""The verb `export`: answers as files, whole or not at all, and playlists that players find their files by."""

from __future__ import annotations

import codecs
import csv
import io
import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import openpyxl
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from catalog.csvio.excel_file import read_sheet
from catalog.db import tables as t
from catalog.db.database import Database

NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {last}) SELECT i FROM n"


def test_labels_as_csv_come_in_again(invoke: Any, sample: Any, tmp_path: Path) -> None:
    target = tmp_path / "labels.csv"
    done = invoke("export", "labels", "-o", target)
    assert (done.code, done.out, done.err) == (0, "", f"6 rows in {target}\n")
    # Excel recognizes UTF-8 by the byte order mark; a pipe has none.
    assert target.read_bytes().startswith(codecs.BOM_UTF8)
    rows = list(csv.DictReader(io.StringIO(target.read_text("utf-8-sig"))))
    assert [(row["title"], row["genre"], row["source"]) for row in rows[:2]] == [
        ("Amber", "Rock", "file"),
        ("Basalt", "Rock; Pop", "file"),
    ]
    assert rows[0]["stated_at"] == "2026-01-02T03:04:05+00:00"
    again = invoke("labels", "import", target, "--dry-run", "--json")
    assert again.code == 0, again.err
    assert json.loads(again.out)["rows"] == 6


def test_predictions_and_suspects_to_the_standard_output(invoke: Any, sample: Any) -> None:
    rows = list(csv.DictReader(io.StringIO(invoke("export", "predictions").out)))
    assert len(rows) == 8
    assert rows[0]["predicted_genre"] == "Rock"
    lines = invoke("export", "suspects", "--format", "jsonl").out.splitlines()
    assert {json.loads(line)["title"] for line in lines} == {"Dew", "Basalt"}


def test_any_question_and_its_values(invoke: Any, sample: Any, tmp_path: Path) -> None:
    target = tmp_path / "answer.jsonl"
    question = "SELECT title, '=1' AS a, 2 AS a FROM predicted_vs_tagged WHERE artist = :name ORDER BY title"
    assert invoke("export", question, "-p", "name=Bruno", "-o", target).code == 0
    assert json.loads(target.read_text("utf-8").splitlines()[0]) == {"title": "Dew", "a": "=1", "a_2": 2}
    done = invoke("export", question, "-p", "name=Bruno")
    assert done.out.splitlines()[:2] == ["title,a,a", "Dew,'=1,2"]
    assert "there is no saved query or view 'nix'" in invoke("export", "nix").err
    assert invoke("export", "top-suspects", "-p", "tracks=1").out.count("\n") == 2
    assert "queries are read-only" in invoke("export", "DELETE FROM genre").err


def test_parquet_keeps_types_and_finds_those_that_come_late(
    invoke: Any, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("catalog.db.query.result_writers.BATCH", 2)
    target = tmp_path / "answer.parquet"
    question = """
        SELECT i, CASE WHEN i > 3 THEN i + 0.5 END AS late, CASE WHEN i < 3 THEN 'a' ELSE 'b' END AS word,
            NULL AS hollow
        FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5) SELECT i FROM n) AS n
        ORDER BY i
    """
    assert invoke("export", question, "-o", target).code == 0
    table = pq.read_table(target)
    assert [str(one) for one in table.schema.types] == ["int64", "double", "string", "null"]
    assert table.to_pydict() == {
        "i": [1, 2, 3, 4, 5],
        "late": [None, None, None, 4.5, 5.5],
        "word": ["a", "a", "b", "b", "b"],
        "hollow": [None] * 5,
    }
    assert invoke("export", "SELECT 1 AS a, 'x' AS a WHERE 1 = 2", "-o", target).code == 0
    assert pq.read_table(target).num_rows == 0
    if database.is_sqlite:
        # SQLite keeps a type a value: numbers and words in one column become words.
        mixed = (
            "SELECT 1 AS a, 9223372036854775807 AS b UNION ALL SELECT 'x', 0.5 UNION ALL SELECT x'ff', NULL"
        )
        assert invoke("export", mixed, "-o", target).code == 0
        assert pq.read_table(target).to_pydict()["a"] == ["1", "x", "ff"]


def test_a_file_is_whole_or_as_it_was(invoke: Any, sample: Any, tmp_path: Path) -> None:
    target = tmp_path / "answer.csv"
    target.write_text("old")
    failing = "SELECT 1 AS a UNION ALL SELECT abs(-9223372036854775807 - 1)"
    for question in (failing, "SELECT nix", "nix"):
        assert invoke("export", question, "-o", target).code == 1, question
        assert target.read_text() == "old"
    nowhere = invoke("export", "suspects", "-o", tmp_path / "nowhere" / "a.csv")
    assert (nowhere.code, f"there is no such folder: {tmp_path / 'nowhere'}" in nowhere.err) == (1, True)
    assert invoke("export", "suspects", "-o", tmp_path).code == 2
    assert invoke("export", "suspects", "-o", tmp_path / "answer.xls").code == 2
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["answer.csv"]
    link = tmp_path / "link.csv"
    link.symlink_to(target)
    assert invoke("export", "suspects", "-o", link).code == 0
    assert link.is_symlink()
    assert target.read_text("utf-8-sig").startswith("track_id,")
    umask = os.umask(0)
    os.umask(umask)
    assert target.stat().st_mode & 0o777 == 0o666 & ~umask
    os.mkfifo(tmp_path / "pipe.csv")
    assert invoke("export", "suspects", "-o", tmp_path / "pipe.csv").code == 1
    assert (tmp_path / "pipe.csv").is_fifo()


def test_a_playlist_of_any_question(invoke: Any, sample: Any, database: Database, tmp_path: Path) -> None:
    with database.write() as connection:
        connection.execute(
            sa.update(t.track).where(t.track.c.title == "Eddy").values(state="missing"),
        )
    target = tmp_path / "bruno.m3u8"
    question = (
        "SELECT title, track_id FROM current_label l JOIN track t ON t.id = l.track_id ORDER BY t.title"
    )
    done = invoke("export", question, "-o", target)
    assert done.code == 0
    assert "1 track without a file skipped" in done.err
    assert "5 tracks in" in done.err
    lines = target.read_text("utf-8").splitlines()
    # Basalt has two labels and stands here once.
    assert lines[:5] == [
        "#EXTM3U",
        "#EXTINF:180,Alma - Amber",
        "/m/Alma/Stones/Amber.mp3",
        "#EXTINF:180,Alma - Basalt",
        "/m/Alma/Stones/Basalt.mp3",
    ]
    assert len(lines) == 11
    refused = invoke("export", "cases", "-o", tmp_path / "cases.m3u8")
    assert (refused.code, "a playlist needs a column track_id" in refused.err) == (2, True)
    refused = invoke("export", "SELECT title AS track_id FROM track", "--format", "m3u8")
    assert (refused.code, "which is not a track id" in refused.err) == (2, True)


def test_hostile_names_in_a_playlist(invoke: Any, sample: Any, database: Database) -> None:
    names = {
        "Amber": b"caf\xe9.mp3",
        "Basalt": b"one\n#EXTINF:1,two.mp3",
        "Chalk": "süß €.mp3".encode(),
        "Dew": b"space at the end ",
    }
    with database.write() as connection:
        for title, name in names.items():
            connection.execute(
                sa.update(t.track).where(t.track.c.title == title).values(path_bytes=name),
            )
        connection.execute(
            sa.update(t.track)
            .where(t.track.c.title == "Basalt")
            .values(title="a\r\n/etc/passwd\x1b", duration=None)
        )
    out = invoke(
        "export", "SELECT id AS track_id FROM track ORDER BY id LIMIT 4", "--format", "m3u8"
    ).out.split("\n")
    assert len(out) == 10
    assert out[3] == "#EXTINF:-1,Alma - a /etc/passwd"
    found = [
        unquote_to_bytes(line.removeprefix("file://")) if line.startswith("file:") else line.encode()
        for line in out[2::2]
    ]
    assert found[:4] == [b"/m/" + name for name in names.values()]
    assert out[6] == "/m/süß €.mp3"


@pytest.mark.parametrize("file_format", ["csv", "jsonl", "parquet"])
def test_memory_does_not_grow_with_the_rows(sqlite_url: str, tmp_path: Path, file_format: str) -> None:
    words = "a text of some length, the same in all rows " * 6
    code = """
        import catalog.cli.main, resource, sys
        for last in (20_000, 200_000):
            question = f"SELECT i, '{words}' || i AS words FROM ({numbers}) AS n".replace("LAST", str(last))
            arguments = ["-q", "--home", "nowhere", "--database-url", "{url}", "export", question, "-o", "{target}"]
            assert catalog.cli.main.run(arguments) == 0
            print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    """
    for name, value in {
        "words": words,
        "numbers": NUMBERS.format(last="LAST"),
        "url": sqlite_url,
        "target": str(tmp_path / f"answer.{file_format}"),
    }.items():
        code = code.replace(f"{{{name}}}", value)
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True, timeout=60
    )
    little, much = map(int, done.stdout.split())
    # In KiB; the rows themselves are 50 MiB of text and more as objects.
    assert much - little < 25 * 1024


def test_excel_files_and_byte_order_marks(invoke: Any, sample: Any, tmp_path: Path) -> None:
    target = tmp_path / "labels.xlsx"
    assert invoke("export", "labels", "-o", target).code == 0
    sheet = openpyxl.load_workbook(target).active
    assert [cell.value for cell in sheet[1]][:3] == ["track_id", "collection", "path"]
    assert (sheet["A2"].data_type, sheet["C2"].data_type) == ("n", "s")
    assert json.loads(invoke("labels", "import", target, "--dry-run", "--json").out)["unknown"] == 0
    # An Excel file under another name is still one.
    renamed = target.rename(tmp_path / "labels.csv")
    assert json.loads(invoke("labels", "import", renamed, "--dry-run", "--json").out)["encoding"] == "xlsx"
    plain = tmp_path / "plain.csv"
    assert invoke("export", "labels", "--no-bom", "-o", plain).code == 0
    text = plain.read_bytes()
    assert b"\r" not in text
    assert invoke("export", "labels", "-o", "-").out.encode() == text
    assert invoke("export", "labels", "--bom").out.encode() == codecs.BOM_UTF8 + text


def test_formulas_in_excel_files_are_text(invoke: Any, sample: Any, tmp_path: Path) -> None:
    target = tmp_path / "answer.xlsx"
    texts = ["=1+1", "'=1", "a_x0041_b", "+x", "line\nend"]
    question = " UNION ALL ".join(
        f"SELECT {at} AS i, '{text.replace(chr(39), chr(39) * 2)}' AS t" for at, text in enumerate(texts)
    )
    assert invoke("export", f"SELECT i, t FROM ({question}) AS q ORDER BY i", "-o", target).code == 0
    assert [cells for _, cells in read_sheet("x", target.read_bytes())[1:]] == [
        [str(at), f"'{text}" if text == "'=1" else text] for at, text in enumerate(texts)
    ]
    cells = openpyxl.load_workbook(target).active["B"]
    assert {(cell.data_type, cell.quotePrefix) for cell in cells} == {("s", True)}
    too_long = invoke("export", f"SELECT '{'x' * 40_000}' AS t", "-o", target)
    assert (too_long.code, "40,000 characters do not fit" in too_long.err) == (1, True)


@pytest.mark.parametrize("query", ["labels", "decisions", "decided", "predictions", "suspects", "untagged"])
def test_exports_name_artist_title_album_and_genre_codes(invoke: Any, sample: Any, query: str) -> None:
    header = invoke("export", query).out.splitlines()[0].split(",")
    assert {"artist", "title", "album"} <= {*header}
    assert any("_code" in name for name in header)


def test_a_saved_query_is_no_table(invoke: Any, sample: Any) -> None:
    done = invoke("sql", "SELECT count(*) FROM decided")
    assert done.code == 1
    assert (
        "decided (line 1, column 22) is a saved query, not a table or view; run it alone: catalog sql decided"
        in done.err
    )
