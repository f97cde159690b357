"""Writing to files what people decided: every format, what is kept, and what is written at all."""

from __future__ import annotations

import csv
import io

import pytest
import sqlalchemy as sa

from catalog.collection.statements import NewStatement
from catalog.db import tables as t
from tests.integration.statement_helpers import append_statements
from tests.integration.writeback.music_folder import MusicFolder, genres
from tests.integration.writeback.tagged_files import FORMATS, mp3_v23


def test_only_people_are_obeyed_and_only_where_the_file_says_otherwise(music: MusicFolder) -> None:
    for name in ("agrees", "differs", "imported", "untouched"):
        music.add(f"{name}.mp3", mp3_v23())
    music.scan()
    music.decide(["metal"], "agrees.mp3")
    music.decide(["Jazz"], "differs.mp3")
    with music.database.write() as connection:
        query = sa.select(t.track.c.id).where(t.track.c.path == "imported.mp3")
        track_id = connection.execute(query).scalar_one()
        append_statements(connection, "import", [NewStatement(track_id, ("Jazz",))])
    rows = music.write("-y")
    assert [(row["path"], row["before"], row["after"]) for row in rows] == [("differs.mp3", "Metal", "Jazz")]
    assert genres(music.folder / "agrees.mp3") == ("Metal",)


def test_the_spelling_is_the_houses_and_what_may_not_be_written_is_said(music: MusicFolder) -> None:
    path = music.add("a.mp3", mp3_v23())
    other = music.add("b.mp3", mp3_v23())
    music.scan()
    music.decide(["hip hop"], "a.mp3")
    music.decide(["Folk"], "b.mp3")
    with music.database.write() as connection:
        connection.execute(sa.update(t.genre).where(t.genre.c.name == "Folk").values(write=False))
    rows = music.write("-y")
    assert music.code == 0
    assert [row["path"] for row in rows] == ["a.mp3"]
    assert genres(path) == ("Hip-Hop",)
    assert genres(other) == ("Metal",)
    assert "b.mp3: Folk may not be written" in music.err


def test_filters_choose(music: MusicFolder) -> None:
    for name in ("a", "b"):
        music.add(f"{name}.mp3", mp3_v23())
    music.add("c.flac", FORMATS["FLAC"][1]())
    music.scan()
    music.decide(["Jazz"])
    music.decide(["Folk"], "b.mp3")
    assert [row["path"] for row in music.write("--dry-run", "--genre", "folk")] == ["b.mp3"]
    assert [row["path"] for row in music.write("--dry-run", "--artist", "b")] == ["c.flac"]
    assert [row["path"] for row in music.write("--dry-run", "a.mp3")] == ["a.mp3"]
    assert music.write("--dry-run", "--album", "none of these") == []
    assert len(music.write("--dry-run", "--collection", "music")) == 3
    for wrong, words in (("--collection", "no collection 'nix'"), ("--genre", "no genre 'nix'")):
        music.run("write", wrong, "nix")
        assert music.code == 1
        assert words in music.err
    music.run("write", "--undo", "x", "--artist", "b")
    assert music.code == 2
    music.run("write", "--dry-run", "--csv")
    assert [row["path"] for row in csv.DictReader(io.StringIO(music.out))] == ["a.mp3", "b.mp3", "c.flac"]


def test_nothing_is_written_without_a_yes(music: MusicFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    path = music.add("a.mp3", mp3_v23())
    before = path.read_bytes()
    music.scan()
    music.decide(["Jazz"])
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    music.run("write")
    assert music.code == 1
    assert "a.mp3: Metal -> Jazz" in music.err
    assert path.read_bytes() == before
    assert music.journal() == []
