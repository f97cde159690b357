"""Which decisions are written."""

from __future__ import annotations

import os
from pathlib import Path

import mutagen
import sqlalchemy as sa

from catalog.db import tables as t
from tests.integration.statement_helpers import withdraw
from tests.integration.writeback.music_folder import MusicFolder, genres
from tests.integration.writeback.tagged_files import FORMATS, id3v2, mp3, mp3_v23


def test_a_genre_changed_in_the_file_after_the_decision_is_left_unless_named(music: MusicFolder) -> None:
    path = music.add("a.mp3", mp3_v23())
    music.scan()
    music.decide(["Jazz"])
    file = mutagen.File(path)
    file.tags.add(mutagen.id3.TCON(encoding=3, text="Blues"))
    file.save(v2_version=3)
    music.scan()
    assert music.write("-y") == []
    assert "a.mp3: its genre was changed in the file after the decision" in music.err
    assert [row["state"] for row in music.write("-y", "a.mp3")] == ["written"]
    # What we wrote, or took back, is no such change.
    music.write("--undo", "-y")
    assert [row["before"] for row in music.write("--dry-run")] == ["Blues"]


def test_a_decision_taken_back_is_not_written(music: MusicFolder) -> None:
    music.add("a.mp3", mp3_v23())
    music.scan()
    music.decide(["Jazz"])
    with music.database.write() as connection:
        query = sa.select(sa.func.max(t.statement.c.id)).where(t.statement.c.source == "person")
        withdraw(connection, connection.execute(query).scalar_one(), stated_by="ada")
    assert music.write("-y") == []


def change_silently(path: Path, old: bytes, new: bytes) -> None:
    """Changes bytes and keeps size and time, as tag editors can."""
    assert len(old) == len(new)
    status = path.stat()
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def test_a_file_is_called_up_to_date_only_if_it_says_so_now(music: MusicFolder) -> None:
    path = music.add("a.flac", FORMATS["FLAC, joined"][1]())
    music.scan()
    music.decide(["Jazz"])
    assert [row["state"] for row in music.write("-y")] == ["written"]
    assert music.write("-y") == []
    assert "1 file already with the decided genre" in music.err
    change_silently(path, b"genre=Jazz", b"genre=Soul")
    assert [row["state"] for row in music.write("--dry-run")] == ["skipped"]
    (row,) = music.write("-y")
    assert music.code == 3
    assert row["message"] == "its genre is now Soul; the catalog knows Jazz. Run first: catalog scan --reread"
    assert genres(path) == ("Soul",)
    assert [row["state"] for row in music.write("-y", "a.flac")] == ["written"]
    assert genres(path) == ("Jazz",)


def test_a_genre_that_another_program_set_meanwhile_is_not_overwritten(music: MusicFolder) -> None:
    path = music.add("a.mp3", mp3_v23())
    music.scan()
    music.decide(["Jazz"])
    change_silently(path, b"Metal", b"Blues")
    (row,) = music.write("-y")
    assert "its genre is now Blues; the catalog knows Metal" in str(row["message"])
    assert genres(path) == ("Blues",)


def test_a_file_that_another_catalog_has_written_needs_no_write(music: MusicFolder) -> None:
    path = music.add("a.mp3", mp3_v23())
    music.scan()
    music.decide(["Blues"])
    change_silently(path, b"Metal", b"Blues")
    assert music.write("--dry-run") == []
    assert music.write("-y") == []
    assert music.code == 0
    assert "nothing to write: 1 file already with the decided genre" in music.err
    assert music.journal() == []


def test_an_image_album_is_not_written(music: MusicFolder) -> None:
    path = music.add("Album.mp3", mp3_v23())
    music.scan()
    music.decide(["Jazz"])
    sheet = 'FILE "Album.wav" WAVE\n  TRACK 01 AUDIO\n  TRACK 02 AUDIO\n'
    (music.folder / "Album.cue").write_text(sheet)
    assert [row["state"] for row in music.write("--dry-run")] == ["skipped"]
    (row,) = music.write("-y")
    assert "is one recording with several tracks" in str(row["message"])
    assert path.read_bytes() == mp3_v23()
    music.run("scan", str(music.folder))
    assert "Album.mp3: one recording with 2 tracks (CUE sheet); not added" in music.out
    assert music.write("-y") == []
    assert music.code == 0


def test_a_genre_that_was_scanned_in_a_named_encoding_is_not_a_change(music: MusicFolder) -> None:
    frames = [(b"TIT2", b"\0Song"), (b"TPE1", b"\0Band"), (b"TCON", b"\0" + "Łódź".encode("iso8859-2"))]
    path = music.add("a.mp3", id3v2(3, frames) + mp3())
    music.run("scan", "--tag-encoding", "iso8859-2", str(music.folder))
    music.decide(["Jazz"])
    assert [row["state"] for row in music.write("-y")] == ["written"]
    assert genres(path) == ("Jazz",)
