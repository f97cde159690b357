"""Image albums: one recording with several tracks is not a track of the catalog."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from mutagen import apev2, flac

from catalog.collection.scan.scan import scan
from catalog.db.database import Database
from catalog.db.tables import track
from tests.integration.collection.kept import rows
from tests.integration.writeback.tagged_files import FORMATS, mp3_v23, sound

SHEET = 'FILE "Album.flac" WAVE\n  TRACK 01 AUDIO\n    INDEX 01 00:00:00\n  TRACK 02 AUDIO\n    INDEX 01 00:00:30\n'


def with_block() -> bytes:
    """A FLAC file with a CUESHEET block."""
    stream = io.BytesIO(FORMATS["FLAC"][1]())
    file: Any = flac.FLAC(stream)
    file.cuesheet = flac.CueSheet(None)
    for number in (1, 2, 170):
        file.cuesheet.tracks.append(flac.CueSheetTrack(number, 0))
    stream.seek(0)
    file.save(stream)
    return stream.getvalue()


def with_comment() -> bytes:
    stream = io.BytesIO(FORMATS["FLAC"][1]())
    file: Any = flac.FLAC(stream)
    file.tags["CUESHEET"] = SHEET
    stream.seek(0)
    file.save(stream)
    return stream.getvalue()


def with_item() -> bytes:
    stream = io.BytesIO(sound("wavpack", "wv"))
    tags: Any = apev2.APEv2()
    tags["Cuesheet"] = SHEET
    tags["Title"] = "Album"
    tags.save(stream)
    return stream.getvalue()


def test_an_album_with_a_sheet_is_reported_and_not_added(database: Database, tmp_path: Path) -> None:
    (tmp_path / "Album.flac").write_bytes(FORMATS["FLAC"][1]())
    (tmp_path / "Album.cue").write_text(SHEET)
    (tmp_path / "song.mp3").write_bytes(mp3_v23())
    report = scan(database, tmp_path)
    assert report.image_albums == {"Album.flac": 2}
    assert (report.added, report.missing, report.warned) == (1, 0, 0)
    assert rows(database, track.c.path) == [("song.mp3",)]


@pytest.mark.parametrize(
    ("name", "make"), [("a.flac", with_block), ("a.flac", with_comment), ("a.wv", with_item)]
)
def test_embedded_sheets_count_too(database: Database, tmp_path: Path, name: str, make: Any) -> None:
    (tmp_path / name).write_bytes(make())
    assert scan(database, tmp_path).image_albums == {name: 2}
    assert rows(database, track.c.path) == []
    assert scan(database, tmp_path, dry_run=True).image_albums == {name: 2}


def test_a_track_whose_sheet_appears_later_is_not_present_any_more(
    database: Database, tmp_path: Path
) -> None:
    (tmp_path / "Album.flac").write_bytes(FORMATS["FLAC"][1]())
    (tmp_path / "song.mp3").write_bytes(mp3_v23())
    scan(database, tmp_path)
    (tmp_path / "Album.cue").write_text(SHEET)
    report = scan(database, tmp_path)
    assert (report.missing, report.image_albums) == (1, {"Album.flac": 2})
    assert rows(database, track.c.path, track.c.state) == [("Album.flac", "missing"), ("song.mp3", "present")]
    (tmp_path / "Album.cue").unlink()
    assert scan(database, tmp_path).back == 1
