"""Genres in Vorbis comments."""

from __future__ import annotations

import shutil

from tests.integration.writeback.music_folder import MusicFolder
from tests.integration.writeback.tagged_files import FORMATS


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
