"""Undo of writes: order, names, and files that were changed after the write."""

from __future__ import annotations

import mutagen

from catalog.collection.scan.scan import scan
from tests.integration.writeback.music_folder import MusicFolder, genres
from tests.integration.writeback.tagged_files import mp3_v23


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
    by_path = {row["path"]: row for row in music.write("--undo", "-y")}
    assert music.code == 3
    assert by_path["edited.mp3"]["state"] == "undone"
    assert "only its genre was restored" in str(by_path["edited.mp3"]["message"])
    file = mutagen.File(music.folder / "edited.mp3")
    assert (str(file["TCON"]), str(file["TPE1"])) == ("Metal", "Somebody")
    assert "its genre was changed after the write" in str(by_path["regenred.mp3"]["message"])
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
        ((), "there is nothing to undo"),
        (("nix",), "there is no write batch 'nix'"),
    ):
        music.run("write", "--undo", *name, "-y")
        assert music.code == 1
        assert words in music.err
