"""A file whose tags raise an unexpected error is one failed file; the files after it are written."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import pytest
from mutagen.asf._util import ASFError
from mutagen.mp4._atom import AtomError

from catalog.writeback.formats import genre_rewrite
from catalog.writeback.formats.genre_rewrite import FORMATS as TAG_FORMATS
from tests.integration.writeback.music_folder import MusicFolder, genres
from tests.integration.writeback.tagged_files import FORMATS, aiff, mp3_v23, wav

ERRORS = [
    struct.error("unpack requires a buffer of 4 bytes"),
    KeyError(6),
    ValueError("bad\nvalue"),
    IndexError("list index out of range"),
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
    AtomError("atom length can only be 0, 1 or 8 and higher"),
    OverflowError("int too large to convert"),
    RecursionError("maximum recursion depth exceeded"),
    MemoryError(),
    AssertionError(),
    ASFError("truncated"),
]


def fail_on_write(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def write(*_: Any) -> None:
        raise error

    monkeypatch.setattr(TAG_FORMATS["FLAC"], "write", write)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_any_error_of_a_parser_is_one_failed_file(
    music: MusicFolder, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    before = FORMATS["FLAC"][1]()
    odd = music.add("b.flac", before)
    music.add("a.mp3", mp3_v23())
    music.add("c.mp3", mp3_v23())
    music.scan()
    music.decide(["Jazz"])
    fail_on_write(monkeypatch, error)
    rows = music.write("-y")
    assert music.code == 3
    assert {row["path"]: row["state"] for row in rows} == {
        "a.mp3": "written",
        "b.flac": "failed",
        "c.mp3": "written",
    }
    assert odd.read_bytes() == before
    lines = [line for line in music.err.splitlines() if "b.flac" in line]
    assert len(lines) == 1
    assert "its tags could not be written" in lines[0]
    assert genres(music.folder / "c.mp3") == ("Jazz",)
    assert not list(music.folder.glob(".catalog-write-*"))


def test_an_error_while_a_file_is_staged_is_one_failed_file(
    music: MusicFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    music.add("a.mp3", mp3_v23())
    music.add("b.mp3", mp3_v23())
    music.scan()
    music.decide(["Jazz"])
    rewrite = genre_rewrite.write_genres

    def write_genres(stream: Any, *arguments: Any) -> None:
        if b"a.mp3" not in arguments:
            return rewrite(stream, *arguments)
        raise KeyError("unexpected")

    monkeypatch.setattr("catalog.writeback.write_run.write_genres", write_genres)
    rows = music.write("-y")
    assert music.code == 3
    assert sorted(str(row["state"]) for row in rows) == ["failed", "written"]


def unlimited(data: bytes, *offsets: int) -> bytes:
    """The file with sizes of ffffffff, as a program writes them that cannot seek back."""
    for offset in offsets:
        data = data[:offset] + b"\xff\xff\xff\xff" + data[offset + 4 :]
    return data


def streamed_wav() -> bytes:
    data = wav()
    return unlimited(data, 4, data.index(b"data") + 4)


def endless_aiff() -> bytes:
    return unlimited(aiff(), 4)


@pytest.mark.parametrize(
    ("name", "make"), [("b.wav", streamed_wav), ("b.aiff", endless_aiff)], ids=["WAVE", "AIFF"]
)
def test_files_with_impossible_sizes_do_not_stop_a_write(
    music: MusicFolder, name: str, make: Callable[[], bytes]
) -> None:
    music.add("a.mp3", mp3_v23())
    music.add(name, make())
    music.add("c.mp3", mp3_v23())
    music.run("scan", str(music.folder))
    music.decide(["Jazz"])
    planned = music.write("--dry-run")
    assert len(planned) == 3
    music.write("-y")
    assert music.code in (0, 3)
    assert genres(music.folder / "a.mp3") == genres(music.folder / "c.mp3") == ("Jazz",)
