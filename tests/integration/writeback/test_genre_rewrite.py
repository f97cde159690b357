"""Every tag format is written and restored byte for byte, and other tags are kept."""

from __future__ import annotations

import os

import mutagen
import pytest
import sqlalchemy as sa
from mutagen import apev2

from catalog.collection.scan.scan import scan
from catalog.db.derived.track_status import track_status_differences
from catalog.writeback.formats.id3v2 import parse_tag, tag_size
from catalog.writeback.target_file import audio_hash_of
from tests.integration.writeback.music_folder import TEN_YEARS_AGO, MusicFolder, genres
from tests.integration.writeback.second_tags import ARTIST, FILES, TITLE
from tests.integration.writeback.tagged_files import mp3, write_formats


@pytest.mark.parametrize("decided", [["Jazz"], ["Melodic Death Metal", "Jazz", "Folk"], []])
def test_every_format_is_written_and_undone_byte_for_byte(music: MusicFolder, decided: list[str]) -> None:
    files = write_formats(music.folder)
    for path in files.values():
        os.utime(path, ns=(TEN_YEARS_AGO, TEN_YEARS_AGO))
    before = {name: path.read_bytes() for name, path in files.items()}
    said = {name: genres(path) for name, path in files.items()}
    sounds = {name: audio_hash_of(os.fsencode(path)) for name, path in files.items()}
    music.scan()
    music.decide(decided)
    planned = music.write("--dry-run")
    assert {row["state"] for row in planned} == {"planned"}
    assert {name: path.read_bytes() for name, path in files.items()} == before
    rows = music.write("-y")
    assert music.code == 0
    assert [row["track_id"] for row in rows] == [row["track_id"] for row in planned]
    # A decision for no genre changes nothing where there is none.
    changed = {name for name in files if decided or said[name]}
    assert len(rows) == len(changed)
    for name, path in files.items():
        assert (path.read_bytes() != before[name]) == (name in changed), name
        read = [
            each for text in genres(path) for each in text.replace(" / ", "/").replace("/", "; ").split("; ")
        ]
        # ID3v1 alone keeps a number.
        assert read in (decided, ["8"]), name
        assert audio_hash_of(os.fsencode(path)) == sounds[name], name
        assert path.stat().st_mtime_ns == TEN_YEARS_AGO
    # What we wrote is no news.
    report = scan(music.database, music.folder)
    assert (report.unchanged, report.changed) == (len(files), 0)
    assert music.write("-y") == []
    with music.database.read() as connection:
        origins = set(
            connection.execute(sa.text("SELECT source, origin FROM statement WHERE origin = 'catalog'"))
        )
        assert {tuple(row) for row in origins} == {("file", "catalog")}
        assert track_status_differences(connection) == 0
    undone = music.write("--undo", "-y")
    assert music.code == 0
    assert {row["state"] for row in undone} == {"undone"}
    assert {row["message"] for row in undone} == {None}
    for name, path in files.items():
        assert path.read_bytes() == before[name], name
        assert path.stat().st_mtime_ns == TEN_YEARS_AGO
    assert {row.state for row in music.journal()} == {"undone"}
    assert scan(music.database, music.folder).unchanged == len(files)
    assert len(list(music.folder.iterdir())) == len(files)


@pytest.mark.parametrize("decided", [["Jazz"], ["Melodic Death Metal", "Folk"], []])
def test_a_second_tag_is_carried_over_and_undone_byte_for_byte(
    music: MusicFolder, decided: list[str]
) -> None:
    files = {
        name: music.add(f"{number:02}.{suffix}", make())
        for number, (name, (suffix, make, _)) in enumerate(FILES.items())
    }
    before = {name: path.read_bytes() for name, path in files.items()}
    music.run("scan", str(music.folder))
    music.decide(decided)
    rows = music.write("-y")
    assert {row["message"] for row in rows} == {None}
    assert music.code == 0
    for name, path in files.items():
        title, artist, genre = FILES[name][2](path.read_bytes())
        keeps_only_id3v1 = name == "WavPack, ID3v1" and decided == ["Jazz"]
        if decided and not keeps_only_id3v1:
            assert (title, artist) == (TITLE, ARTIST), name
            assert genre is not None
            assert genre.replace("\0", "; ").startswith(decided[0]), name
        if path.suffix == ".mp3":
            assert mp3() in path.read_bytes()
    undone = music.write("--undo", "-y")
    assert {row["message"] for row in undone} == {None}
    assert music.code == 0
    for name, path in files.items():
        assert path.read_bytes() == before[name], name


def test_version_flags_other_frames_padding_and_id3v1_are_kept(music: MusicFolder) -> None:
    files = write_formats(music.folder)
    before = {name: path.read_bytes() for name, path in files.items()}
    music.scan()
    music.decide(["Jazz"])
    music.write("-y")
    for name in (
        "ID3v2.2",
        "ID3v2.3 and ID3v1",
        "ID3v2.3, unsynchronized",
        "ID3v2.4",
        "ID3v2.4, APE and ID3v1",
    ):
        old, new = before[name], files[name].read_bytes()
        was, now = (parse_tag(data[: tag_size(data)]) for data in (old, new))
        assert (was.version, was.flags, was.others, was.size) == (
            now.version,
            now.flags,
            now.others,
            now.size,
        )
        if "ID3v1" in name:
            assert new[-128:-1] == old[-128:-1]
            assert (old[-1], new[-1]) == (9, 8)
        if "APE" not in name:
            assert new[now.size : -128] == old[was.size : -128]
    tags = apev2.APEv2(files["ID3v2.4, APE and ID3v1"])
    assert (str(tags["Genre"]), str(tags["Mood"])) == ("Jazz", "loud")
    flac = mutagen.File(files["FLAC"])
    assert list(flac.tags) == [("Title", "Söng"), ("GENRE", "Jazz"), ("x-own", "a=b"), ("ARTIST", "B")]
    assert len(files["FLAC"].read_bytes()) == len(before["FLAC"])
    assert files["ID3v1 only"].read_bytes()[:-1] == before["ID3v1 only"][:-1]
