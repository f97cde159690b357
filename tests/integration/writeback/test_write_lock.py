"""One process writes tags at a time."""

from __future__ import annotations

from catalog.writeback.write_run import only_writer
from tests.integration.writeback.music_folder import MusicFolder
from tests.integration.writeback.tagged_files import mp3_v23


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
