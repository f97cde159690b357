"""Songs for the collection's tests: real MP3 frames, real tags, a few kilobytes each."""

import hashlib
import io
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from mutagen import id3

from catalog.cli.main import run

FRAME = b"\xff\xfb\x90\x00"
"""The header of a frame of MPEG-1 layer 3, 128 kbit/s, 44.1 kHz stereo: 417 bytes with it."""

MakeSong = Callable[..., Path]


@pytest.fixture
def make_song() -> MakeSong:
    """Writes a song: `make_song(path, sound, genre=..., title=..., artist=..., album=..., album_artist=...)`."""

    def make(
        path: Path | bytes,
        sound: object = 0,
        *,
        genre: str | list[str] | None = None,
        title: str | None = None,
        artist: str | None = None,
        album: str | None = None,
        album_artist: str | None = None,
        mtime: float | None = None,
    ) -> Path:
        noise = hashlib.shake_128(repr(sound).encode()).digest(413).replace(b"\xff", b"\0")
        stream = io.BytesIO((FRAME + noise) * 20)
        tags = id3.ID3()
        for frame, value in (
            (id3.TCON, genre),
            (id3.TIT2, title),
            (id3.TPE1, artist),
            (id3.TALB, album),
            (id3.TPE2, album_artist),
        ):
            if value is not None:
                tags.add(frame(text=value))
        if tags:
            tags.save(stream, v1=0)
        place = Path(os.fsdecode(path))
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(stream.getvalue())
        if mtime is not None:
            os.utime(place, (mtime, mtime))
        return place

    return make


@pytest.fixture
def music(tmp_path: Path) -> Path:
    """An empty folder for music."""
    folder = tmp_path / "music"
    folder.mkdir()
    return folder


@pytest.fixture
def catalog(sqlite_url: str, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Runs a command on a fresh catalog; returns exit code, stdout and stderr."""

    def command(*arguments: object) -> tuple[int, str, str]:
        code = run(["--database-url", sqlite_url, *map(str, arguments)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return command


@pytest.fixture
def songs(music: Path, make_song: MakeSong) -> Path:
    """A folder with two tagged songs."""
    make_song(music / "1.mp3", 1, genre="Rock", artist="The Band", title="One")
    make_song(music / "2.mp3", 2, genre="Finnish Metal", artist="Other", title="Two")
    return music
