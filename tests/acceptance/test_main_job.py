"""`catalog ingest` as a user runs it, on synthetic music that is really decoded."""

from __future__ import annotations

import csv
import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.conftest import Run

EVERYTHING = (
    "SELECT t.path, t.tagged_genre, t.predicted_genre, round(t.probability * 1000) AS p, t.suggested_genre, "
    "t.suggested_by, t.relation, s.suspicion FROM predicted_vs_tagged t "
    "LEFT JOIN suspects s ON s.track_id = t.track_id ORDER BY t.path"
)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> dict[str, str]:
    """The environment that names the database: none for SQLite in the home."""
    if request.param == "sqlite":
        return {}
    return {"CATALOG_DATABASE_URL": request.getfixturevalue("postgresql_url")}


def rows(catalog: Run, question: str, **options: str) -> list[dict[str, Any]]:
    asked = catalog("sql", question, "--json", **options)
    assert asked.returncode == 0, asked.stderr
    return json.loads(asked.stdout)


def test_a_folder_becomes_a_catalog_that_can_be_asked(
    catalog: Run, music: Path, tmp_path: Path, url: dict[str, str]
) -> None:
    before = {path: path.stat().st_mtime_ns for path in music.rglob("*")}
    first = catalog("ingest", music, **url)
    assert first.returncode == 3, first.stderr
    said = [
        "Your files are only read",
        "The catalog is in",
        "73 files, 24 artists, 24 albums",
        "9 genre spellings, 8 of them in the vocabulary",
        "new: Finnish Metal",
        "72 tracks analyzed",
        "1 file skipped (too-short):",
        "Genres with enough examples:",
        "Accuracy on artists not in the training data",
        "It makes a suggestion for",
        "of 12 untagged tracks have a suggestion:",
        "cases (",
        "Report:",
        "Next steps:",
    ]
    places = [first.stdout.find(words) for words in said]
    assert -1 not in places, first.stdout
    assert places == sorted(places)

    doubted = rows(
        catalog,
        "SELECT artist, title, tagged_genre, suggested_genre FROM suspects ORDER BY suspicion DESC",
        **url,
    )
    assert {(row["artist"], row["tagged_genre"], row["suggested_genre"]) for row in doubted[:2]} == {
        ("Night Shift", "Ambient", "Techno"),
        ("C. Aria", "Metal", "Classical"),
    }
    untagged = rows(catalog, "SELECT path, suggested_genre FROM untagged", **url)
    right = [row for row in untagged if row["suggested_genre"] and row["suggested_genre"] in row["path"]]
    assert len(untagged) == 12
    assert len(right) >= 8  # what resembles no genre closely enough is not answered
    failed = rows(catalog, "SELECT path, reason FROM failures", **url)
    assert failed == [{"path": "click.flac", "reason": "too-short"}]
    report = (tmp_path / "home/report/index.html").read_text(encoding="utf-8")
    assert "Night Shift" in report
    assert before == {path: path.stat().st_mtime_ns for path in music.rglob("*")}

    state = rows(catalog, EVERYTHING, **url)
    second = catalog("ingest", music, **url)
    assert second.returncode == 0, second.stderr
    assert "No new tracks to analyze" in second.stdout
    assert rows(catalog, EVERYTHING, **url) == state
    assert rows(catalog, "SELECT count(*) AS models FROM model", **url) == [{"models": 1}]
    assert rows(catalog, "SELECT kind, count(*) AS audits FROM audit GROUP BY kind ORDER BY kind", **url) == [
        {"kind": "duplicates", "audits": 1},
        {"kind": "labels", "audits": 1},
    ]
    checked = catalog("db", "check", **url)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_a_killed_command_comes_to_the_same_end(
    catalog: Run, environment: dict[str, str], music: Path, tmp_path: Path
) -> None:
    assert catalog("ingest", music).returncode == 3
    undisturbed = rows(catalog, EVERYTHING)

    disturbed = {"CATALOG_HOME": str(tmp_path / "disturbed")}
    command = [sys.executable, "-c", "from catalog.cli.main import main; main()", "ingest", str(music)]
    for least in (5, 30, 60):
        process = subprocess.Popen(
            command, env={**environment, **disturbed}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_for_vectors(catalog, disturbed, least, process)
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=30)
    finished = catalog("ingest", music, **disturbed)
    assert finished.returncode in {0, 3}, finished.stderr
    assert rows(catalog, EVERYTHING, **disturbed) == undisturbed
    assert catalog("db", "check", **disturbed).returncode == 0


def wait_for_vectors(
    catalog: Run, options: dict[str, str], least: int, process: subprocess.Popen[bytes]
) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        asked = catalog("sql", "SELECT count(*) AS n FROM feature_vector", "--json", **options)
        if asked.returncode == 0 and json.loads(asked.stdout)[0]["n"] >= least:
            return
        time.sleep(0.2)


def test_without_labels_genres_are_guessed_among_those_named(catalog: Run, music: Path) -> None:
    for path in music.rglob("*.flac"):
        from mutagen.flac import FLAC

        audio = FLAC(path)
        audio.pop("genre", None)
        audio.save()
    genres = ("Classical", "Metal", "Techno", "Ambient")
    done = catalog("ingest", music, *(word for name in genres for word in ("--genre", name)), "--json")
    assert done.returncode == 3, done.stderr
    summary = json.loads(done.stdout)
    assert summary["model"]["zero_shot"] is True
    assert summary["audit"] == {"cases": 0, "suspects": 0}
    heard = rows(
        catalog, "SELECT path, predicted_genre FROM predicted_vs_tagged WHERE predicted_genre IS NOT NULL"
    )
    assert len(heard) == 72
    named = {"Classical", "Metal", "Techno", "Ambient"}
    assert {row["predicted_genre"] for row in heard} <= named
    for genre in ("Techno", "Ambient"):
        of_it = [row["predicted_genre"] for row in heard if genre in row["path"]]
        assert of_it.count(genre) >= 15, of_it


def test_labels_from_a_list_are_learned_from(catalog: Run, music: Path, tmp_path: Path) -> None:
    listed = tmp_path / "genres.csv"
    with listed.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, delimiter=";")
        writer.writerow(["Datei", "Stil"])
        for path in sorted(music.rglob("*Study*.flac")):
            writer.writerow([path.relative_to(music), path.name.split()[1]])
        writer.writerow(["nowhere.flac", "Jazz"])
    done = catalog("ingest", music, "--labels", listed, "--columns", "path=Datei,genre=Stil")
    assert done.returncode == 3, done.stderr
    assert "genres for 72 tracks" in done.stdout
    assert "1 row of the labels matches no track; line 74: nowhere.flac" in done.stderr
    assert "Every track has a genre tag" in done.stdout or "1 untagged track" in done.stdout


def test_a_sample_says_how_long_the_whole_will_take(catalog: Run, music: Path) -> None:
    done = catalog("ingest", music, "--sample", "20")
    assert done.returncode in {0, 3}, done.stderr
    drawn = re.search(r"Sample: (\d+) tracks of (\d+) albums, out of 73", done.stdout)
    assert drawn
    assert 20 <= int(drawn[1]) <= 22
    assert "The rest would take about" in done.stdout
    analyzed = rows(catalog, "SELECT count(*) AS n FROM feature_vector")
    again = catalog("ingest", music, "--sample", "20")
    assert "No new tracks to analyze" in again.stdout
    assert rows(catalog, "SELECT count(*) AS n FROM feature_vector") == analyzed


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["ingest", "{tmp}/nowhere"], 1, "nowhere"),
        (["ingest", "{tmp}/empty"], 1, "no audio"),
        (["ingest"], 2, "Missing argument"),
        (["ingest", "{music}", "--labels", "{tmp}/lacking.csv"], 1, "lacking.csv"),
        (["ingest", "{music}", "--min-tracks", "none"], 2, "--min-tracks"),
        (["--redis-url", "redis://127.0.0.1:1/0", "ingest", "{music}"], 1, "Redis"),
        (["--database-url", "mysql://x/y", "ingest", "{music}"], 1, "mysql"),
        (["stats"], 1, "catalog ingest"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    catalog: Run, music: Path, tmp_path: Path, arguments: list[str], code: int, words: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "lacking.csv").write_text("path,color\na.flac,blue\n", encoding="utf-8")
    done = catalog(*(argument.format(tmp=tmp_path, music=music) for argument in arguments))
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    if code == 1:
        assert len(done.stderr.strip().splitlines()) == 1, done.stderr


def test_a_database_newer_than_the_program_is_refused(catalog: Run, music: Path, tmp_path: Path) -> None:
    import sqlite3

    assert catalog("scan", music).returncode == 0
    with sqlite3.connect(tmp_path / "home/catalog.db") as database:
        database.execute("UPDATE catalog_version SET version_num = '9999'")
    done = catalog("ingest", music)
    assert done.returncode == 1
    assert "newer version of this program" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's /dev/full")
def test_a_full_disk_is_one_line(catalog: Run, music: Path, environment: dict[str, str]) -> None:
    assert catalog("scan", music).returncode == 0
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(
            [sys.executable, "-c", "from catalog.cli.main import main; main()", "stats"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            # Buffered, as outside of a container: the buffer must not fail again at exit.
            env={name: value for name, value in environment.items() if name != "PYTHONUNBUFFERED"},
            check=False,
        )
    assert done.returncode == 1
    assert "the disk is full" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
