"""Writing to files that resist: read-only, linked, changed meanwhile, on a full disk; and undoing it."""

from __future__ import annotations

import fcntl
import os
import stat
from pathlib import Path

import pytest

from catalog.collection.scan.scan import scan
from catalog.writeback import write_run
from tests.integration.writeback.music_folder import MusicFolder, genres
from tests.integration.writeback.tagged_files import mp3_v23, sound


def test_files_that_cannot_be_written_are_said_and_the_others_written(
    music: MusicFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("changed", "good", "gone", "locked", "outside", "read-only", "matroska")
    for name in names[:4] + names[5:6]:
        music.add(f"{name}.mp3", mp3_v23())
    outside = tmp_path / "outside.mp3"
    outside.write_bytes(mp3_v23())
    (music.folder / "outside.mp3").symlink_to(outside)
    music.add("matroska.mka", sound("vorbis", "matroska"))
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
        ("matroska.mka", "tags of mka files are not written"),
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
