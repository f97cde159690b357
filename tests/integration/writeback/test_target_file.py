"""Writing to files that resist: read-only, linked, changed meanwhile, on a full disk; and undoing it."""

from __future__ import annotations

import errno
import fcntl
import io
import os
import shutil
import stat
from pathlib import Path

import mutagen
import pytest
import sqlalchemy as sa

from catalog.collection.scan.scan import scan
from catalog.collection.statements import withdraw
from catalog.db import tables as t
from catalog.writeback import write_run
from catalog.writeback.write_lock import only_writer
from tests.integration.writeback.music_folder import MusicFolder, genres
from tests.integration.writeback.tagged_files import FORMATS, mp3_v23


def test_files_that_cannot_be_written_are_said_and_the_others_written(
    music: MusicFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("changed", "good", "gone", "locked", "outside", "read-only", "wavpack")
    for name in names[:4] + names[5:6]:
        music.add(f"{name}.mp3", mp3_v23())
    outside = tmp_path / "outside.mp3"
    outside.write_bytes(mp3_v23())
    (music.folder / "outside.mp3").symlink_to(outside)
    music.add("wavpack.wv", b"wvpk" + bytes(200))
    scan(music.database, music.folder)
    music.decide(["Jazz"])
    (music.folder / "changed.mp3").write_bytes(mp3_v23() + b"\0")
    (music.folder / "gone.mp3").unlink()
    (music.folder / "read-only.mp3").chmod(0o444)
    contents = {path: path.read_bytes() for path in music.folder.iterdir()}
    with (music.folder / "locked.mp3").open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        planned = {row["path"]: row["message"] for row in music.write("--dry-run")}
        assert "would write 1 file and skip 6 files; nothing was changed\n" in music.err
        rows = {row["path"]: (row["state"], row["message"]) for row in music.write("-y")}
    assert music.code == 3
    assert rows.pop("good.mp3") == ("written", None)
    assert {state for state, _ in rows.values()} == {"failed"}
    for name, words in (
        ("changed.mp3", "changed since the last scan"),
        ("gone.mp3", "does not exist any more"),
        ("locked.mp3", "locked by another program"),
        ("outside.mp3", "outside the collection"),
        ("read-only.mp3", "is read-only"),
        ("wavpack.wv", "tags of wv files are not written"),
    ):
        assert words in str(rows[name][1]), name
        assert music.err.count(f"warning: {name}: ") == 1
        assert words in str(planned[name])
    for path, content in contents.items():
        assert (path.read_bytes() == content) == (path.name != "good.mp3")
    assert not [path for path in music.folder.iterdir() if path.name.startswith(".")]
    # The decisions are kept: what can be written now is.
    (music.folder / "read-only.mp3").chmod(0o644)
    assert {row["path"] for row in music.write("-y") if row["state"] == "written"} == {
        "locked.mp3",
        "read-only.mp3",
    }


def test_a_full_disk_is_said_and_leaves_nothing_behind(
    music: MusicFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = music.add("a.mp3", mp3_v23())
    music.scan()
    music.decide(["Jazz"])

    def full(source: object, target: io.BufferedRandom) -> None:
        target.write(b"some of it")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(write_run, "copy_content", full)
    (row,) = music.write("-y")
    assert music.code == 3
    assert "the disk is full; free space" in str(row["message"])
    assert path.read_bytes() == mp3_v23()
    assert list(music.folder.iterdir()) == [path]


def test_mode_owner_and_attributes_stay_and_hard_links_are_said(music: MusicFolder) -> None:
    path = music.add("b/real.mp3", mp3_v23())
    path.chmod(0o640)
    owner = 4321 if os.geteuid() == 0 else os.geteuid()
    os.chown(path, owner, -1)
    (music.folder / "b" / "other name").hardlink_to(path)
    try:
        os.setxattr(path, "user.rating", b"5")
    except (AttributeError, OSError):
        rated = False
    else:
        rated = True
    music.scan()
    music.decide(["Jazz"])
    (row,) = music.write("-y")
    assert row["state"] == "written"
    assert (stat.S_IMODE(path.stat().st_mode), path.stat().st_uid) == (0o640, owner)
    assert not rated or os.getxattr(path, "user.rating") == b"5"
    assert "1 file had hard links" in music.err
    assert (music.folder / "b" / "other name").read_bytes() == mp3_v23()
    assert genres(path) == ("Jazz",)


def test_a_link_that_stays_inside_is_written_through(music: MusicFolder, tmp_path: Path) -> None:
    link = music.add("song.mp3", mp3_v23())
    music.scan()
    music.decide(["Jazz"])
    # A scan passes over links to what it meets anyway; but a path may become one after it.
    path = music.folder / "real.mp3"
    link.rename(path)
    link.symlink_to(path)
    assert [row["state"] for row in music.write("-y")] == ["written"]
    assert link.is_symlink()
    assert genres(path) == ("Jazz",)


def test_what_changed_after_the_write_keeps_its_change_when_undone(music: MusicFolder) -> None:
    for name in ("edited", "regenred"):
        music.add(f"{name}.mp3", mp3_v23())
    music.scan()
    music.decide(["Jazz"])
    music.write("-y")
    for name, key, text in (("edited", "TPE1", "Somebody"), ("regenred", "TCON", "Blues")):
        file = mutagen.File(music.folder / f"{name}.mp3")
        file.tags.add(getattr(mutagen.id3, key)(encoding=3, text=text))
        file.save(v2_version=3)
    rows = music.write("--undo", "-y")
    assert {row["state"] for row in rows} == {"failed"}
    assert "changed since the last scan" in music.err
    scan(music.database, music.folder)
    rows = {row["path"]: row for row in music.write("--undo", "-y")}
    assert music.code == 3
    assert rows["edited.mp3"]["state"] == "undone"
    assert "only its genre was restored" in str(rows["edited.mp3"]["message"])
    file = mutagen.File(music.folder / "edited.mp3")
    assert (str(file["TCON"]), str(file["TPE1"])) == ("Metal", "Somebody")
    assert "its genre was changed after the write" in str(rows["regenred.mp3"]["message"])
    assert genres(music.folder / "regenred.mp3") == ("Blues",)


def test_writes_are_undone_newest_first_and_by_name(music: MusicFolder) -> None:
    path = music.add("a.mp3", mp3_v23())
    music.scan()
    music.decide(["Jazz"])
    music.write("-y")
    between = path.read_bytes()
    music.decide(["Folk"])
    music.write("-y")
    first, second = (row.batch for row in music.journal())
    (row,) = music.write("--undo", first, "-y")
    assert f"undo that write first: catalog write --undo {second}" in str(row["message"])
    music.run("write", "--undo", "--dry-run")
    assert "would undo 1 file" in music.err
    music.write("--undo", second, "-y")
    assert path.read_bytes() == between
    music.write("--undo", "-y")
    assert path.read_bytes() == mp3_v23()
    for name, words in (
        ((), "there is no write to undo"),
        (("nix",), "there is no write 'nix'"),
    ):
        music.run("write", "--undo", *name, "-y")
        assert music.code == 1
        assert words in music.err


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


def test_what_a_killed_run_left_on_a_disk_that_is_away_waits_for_it(
    music: MusicFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = music.add("a.mp3", mp3_v23())
    gone = music.add("b.mp3", mp3_v23())
    music.scan()
    music.decide(["Jazz"])
    with monkeypatch.context() as patched:
        patched.setattr(write_run, "note_written", lambda *_: 1 / 0)
        music.run("write", "-y")
    assert music.code == 1
    assert genres(path) == ("Jazz",)
    assert [row.state for row in music.journal()] == ["planned", "planned"]
    away = music.folder.rename(music.folder.with_name("away"))
    music.run("write", "-y")
    assert [row.state for row in music.journal()][:2] == ["planned", "planned"]
    away.rename(music.folder)
    gone.unlink()
    music.run("write", "-y")
    assert "recovered an interrupted write: 1 written, 0 undone, 1 unchanged" in music.err
    assert [row.state for row in music.journal()][:2] == ["written", "failed"]
    assert "does not exist any more" in music.journal()[1].message
    music.run("write", "-y", "--undo")
    assert path.read_bytes() == mp3_v23()


def test_two_at_once_do_not_write(music: MusicFolder) -> None:
    path = music.add("a.mp3", mp3_v23())
    music.scan()
    music.decide(["Jazz"])
    with only_writer(music.database):
        music.run("write", "-y")
        assert music.code == 1
        assert "another catalog write is running" in music.err
        assert path.read_bytes() == mp3_v23()
    music.run("write", "-y")
    assert music.code == 0
    assert "written: 1 file" in music.out


def test_what_was_heard_still_holds_for_a_file_that_grew(music: MusicFolder) -> None:
    music.add("a.mp3", FORMATS["MP3 without a tag"][1]())
    music.scan()
    music.decide(["Jazz"])
    with music.database.write() as connection:
        row = connection.execute(sa.select(t.track.c.id, t.track.c.file_signature)).one()
        values = {"name": "x", "version": 1, "parameters": {}, "dimensions": ["a"], "hash": "h"}
        recipe = connection.execute(sa.insert(t.feature_set).values(values)).inserted_primary_key[0]
        connection.execute(
            sa.insert(t.feature_vector).values(
                feature_set_id=recipe, track_id=row.id, vector=[1.0], file_signature=row.file_signature
            )
        )
    music.write("-y")
    with music.database.read() as connection:
        query = sa.select(
            t.feature_vector.c.file_signature, t.track.c.file_signature.label("present")
        ).join_from(t.feature_vector, t.track)
        found = connection.execute(query).one()
    assert found.file_signature == found.present != row.file_signature


def test_show_says_what_was_written(music: MusicFolder) -> None:
    music.add("a.mp3", mp3_v23())
    music.scan()
    music.decide(["Jazz"])
    music.write("-y")
    music.run("show", "a.mp3")
    assert "written: Metal -> Jazz" in music.out
    music.run("show", "a.mp3", "--json")
    assert "patch" not in music.out


def test_comments_that_are_no_text_are_left_alone(music: MusicFolder) -> None:
    content = FORMATS["FLAC"][1]().replace(b"x-own=a=b", b"x-own=\xff\xfeb")
    path = music.add("a.flac", content)
    music.scan()
    music.decide(["Jazz"])
    (row,) = music.write("-y")
    assert row["state"] == "failed"
    assert "other tags would change" in str(row["message"])
    assert path.read_bytes() == content
    shutil.rmtree(music.folder)
