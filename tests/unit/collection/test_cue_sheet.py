"""CUE sheets and the files that they describe."""

from __future__ import annotations

from pathlib import Path

import pytest

from catalog.collection.scan.cue_sheet import CueFile, CueSheets, decode_cue, parse_cue

SHEET = """REM GENRE Jazz
PERFORMER "Band"
FILE "{name}" WAVE
  TRACK 01 AUDIO
    TITLE "One"
    INDEX 01 00:00:00
  TRACK 02 AUDIO
    INDEX 01 03:00:00
"""


def images(folder: Path, sheet: str, text: str | bytes, *audio: str) -> dict[str, int]:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / sheet).write_bytes(text.encode() if isinstance(text, str) else text)
    for name in audio:
        (folder / name).write_bytes(b"x")
    sheets = CueSheets(str(folder).encode())
    return {name: count for name in audio if (count := sheets.tracks_in(name.encode()))}


def test_a_sheet_counts_the_tracks_of_each_file() -> None:
    text = SHEET.format(name="a.wav") + SHEET.format(name="b c.wav").replace("TRACK 02 AUDIO", "")
    assert parse_cue(text) == [CueFile("a.wav", 2), CueFile("b c.wav", 1)]
    assert parse_cue("FILE plain.wav WAVE\r\ntrack 1 audio\r\nTRACK 02 MODE1/2352\r\n") == [
        CueFile("plain.wav", 1)
    ]
    assert parse_cue("") == []


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "cp1252"])
def test_sheets_of_several_encodings_are_read(codec: str) -> None:
    assert parse_cue(decode_cue(SHEET.format(name="Müll.wav").encode(codec))) == [CueFile("Müll.wav", 2)]


@pytest.mark.parametrize(
    ("sheet", "name", "audio", "expected"),
    [
        ("a.cue", "Album.flac", ["Album.flac"], {"Album.flac": 2}),
        ("a.cue", "ALBUM.FLAC", ["album.flac", "bonus.mp3"], {"album.flac": 2}),
        ("a.cue", "Album.wav", ["Album.flac", "bonus.mp3"], {"Album.flac": 2}),
        ("a.cue", "D:\\rips\\Album.wav", ["Album.ape", "bonus.mp3"], {"Album.ape": 2}),
        ("Album.cue", "CDImage.wav", ["Album.wv", "bonus.mp3"], {"Album.wv": 2}),
        ("Album.flac.cue", "CDImage.wav", ["Album.flac", "bonus.mp3"], {"Album.flac": 2}),
        ("a.cue", "CDImage.wav", ["renamed.flac"], {"renamed.flac": 2}),
        ("a.cue", "CDImage.wav", ["01.flac", "02.flac"], {}),
    ],
)
def test_the_file_that_a_sheet_means(
    tmp_path: Path, sheet: str, name: str, audio: list[str], expected: dict[str, int]
) -> None:
    assert images(tmp_path, sheet, SHEET.format(name=name), *audio) == expected


def test_a_sheet_of_single_files_describes_no_image(tmp_path: Path) -> None:
    text = "".join(f'FILE "{n}.flac" WAVE\n  TRACK 0{n} AUDIO\n' for n in (1, 2))
    assert images(tmp_path, "a.cue", text, "1.flac", "2.flac") == {}


def test_each_disc_has_its_sheet(tmp_path: Path) -> None:
    assert images(tmp_path, "CD1.cue", SHEET.format(name="CD1.flac"), "CD1.flac", "CD2.flac") == {
        "CD1.flac": 2
    }
    assert images(tmp_path, "CD2.cue", SHEET.format(name="CD2.flac"), "CD1.flac", "CD2.flac") == {
        "CD1.flac": 2,
        "CD2.flac": 2,
    }


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe\xff", b"\0" * 100, b'FILE "x\nTRACK 1', b"TRACK 01 AUDIO"]
)
def test_damaged_sheets_describe_no_image(tmp_path: Path, content: bytes) -> None:
    assert images(tmp_path, "a.cue", content, "a.flac") == {}


def test_a_sheet_that_is_a_folder_or_a_pipe_is_ignored(tmp_path: Path) -> None:
    (tmp_path / "a.cue").mkdir()
    (tmp_path / "a.flac").write_bytes(b"x")
    assert CueSheets(str(tmp_path).encode()).tracks_in(b"a.flac") == 0
