"""Replacement of files in batches."""

from __future__ import annotations

import errno
import io
import os

import pytest

from catalog.writeback import write_run
from tests.integration.writeback.music_folder import MusicFolder
from tests.integration.writeback.tagged_files import mp3_v23


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
