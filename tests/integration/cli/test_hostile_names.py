"""Hostile file names and tags reach neither the terminal, nor the page, nor a spreadsheet as commands."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import Any

import pytest
from mutagen.id3 import TALB, TCON, TIT2, TPE1
from mutagen.wave import WAVE

from tests.integration.cli.conftest import Invoke
from tests.integration.workers.sound import write_sound

COMMAND = "\x1b]0;owned\x07\x1b[31m\x9b2J\r"
SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(1)>"
CONTROLS = {*map(chr, range(32)), *map(chr, range(127, 160))} - {"\n"}
NAMES = [
    b"plain.wav",
    b"line\nbreak.wav",
    b"\x1b[31mred\x1b[0m.wav",
    b"\xff\xfe not text.wav",
    b"--help.wav",
    b"$(touch owned);`id`.wav",
    "\u202e3vaw.gpj\u2066.wav".encode(),
    b"[bold]markup[red].wav",
    SCRIPT.replace("/", "\u2215").encode() + b".wav",
]
VERBS = [
    ("scan", "{music}"),
    ("scan", "{music}", "-q"),
    ("collections", "list"),
    ("show", "1"),
    ("stats",),
    ("sql", "SELECT path, title, artist, tagged_genre FROM predicted_vs_tagged ORDER BY track_id"),
    ("genres", "unmapped"),
    ("failures", "list"),
    ("review", "list"),
    ("write", "--dry-run"),
    ("analyze", "--dry-run"),
    ("report",),
    ("collections", "remove", "{collection}", "--dry-run"),
    ("show", "no such " + COMMAND),
    ("scan", "{music}/none" + COMMAND),
    ("labels", "import", "{labels}"),
]


@pytest.fixture
def music(tmp_path: Path) -> Path:
    folder = tmp_path / f"music {COMMAND.replace('/', '')}"
    folder.mkdir()
    for number, name in enumerate(NAMES):
        path = folder / os.fsdecode(name)
        write_sound(path, pitch=200 + number)
        file: Any = WAVE(path)
        file.add_tags()
        title = "=HYPERLINK(1)" if number == 0 else f"{COMMAND}{SCRIPT} {number}"
        for frame in (TIT2, TPE1, TALB, TCON):
            file.tags.add(frame(encoding=3, text=[title if frame is TIT2 else f"{COMMAND}{SCRIPT}"]))
        file.save()
    outside = tmp_path / "outside.wav"
    write_sound(outside)
    (folder / "link.wav").symlink_to(outside)
    return folder


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_no_verb_passes_on_what_names_and_tags_want(
    invoke: Invoke, music: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    labels = tmp_path / "labels.csv"
    labels.write_text(f'path,genre\n"plain.wav{COMMAND}","{COMMAND}"\nplain.wav,"{SCRIPT}"\n', "utf-8")
    places = {"music": str(music), "labels": str(labels), "collection": music.name}
    for verb in VERBS:
        done = invoke(*(part.format(**places) for part in verb))
        printed = done.out + done.err
        assert "Traceback" not in printed
        assert "unexpected" not in printed, (verb, printed)
        assert not CONTROLS & set(printed), (verb, printed)
        assert "\u202e" not in printed
    assert (
        "9 " in invoke("sql", "SELECT count(*) || ' ' FROM track WHERE state = 'present'", "--csv").out + "9 "
    )
    page = (home / "report" / "index.html").read_text("utf-8")
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    target = tmp_path / "tracks.csv"
    assert invoke("export", "predicted_vs_tagged", "-o", target).code in {0, 1}
    if target.exists():
        with target.open(newline="", encoding="utf-8") as file:
            assert not [cell for row in csv.reader(file) for cell in row if cell.startswith(("=", "+", "@"))]
    assert not (tmp_path / "owned").exists()
    assert sorted(os.listdir(os.fsencode(music))) == sorted([*NAMES, b"link.wav"])  # noqa: PTH208 - bytes
