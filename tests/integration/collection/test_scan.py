"""Scanning folders into both databases."""

import os
import shutil
import time
from contextlib import suppress

import pytest
import sqlalchemy as sa

from catalog.collection.naming.file_signature import file_signature
from catalog.collection.scan import scan as scanning
from catalog.collection.scan import track_upsert
from catalog.collection.scan.scan import scan
from catalog.collection.scan.scanned_file import read_scanned_file
from catalog.collection.statements import NewStatement
from catalog.db.derived.track_status import track_status_differences
from catalog.db.tables import album, artist, collection, genre, label, statement, track, track_status
from tests.integration.collection.kept import rows, tagged, tracks
from tests.integration.statement_helpers import append_statements


def counts(report):
    return {
        name: value
        for name in ("added", "changed", "moved", "back", "missing", "unchanged")
        if (value := getattr(report, name))
    }


def test_a_folder_comes_in(database, music, make_song):
    make_song(music / "a/1.mp3", 1, genre="Rock/Pop", title="One", artist="The Band", album="Disc")
    make_song(music / "a/2.mp3", 2, genre="Finnish Metal", title="Two", artist="Band, The", album="Disc")
    make_song(music / "b/3.mp3", 3, artist="Various", album="Now", album_artist="Various Artists")
    (music / "cover.jpg").write_bytes(b"x")
    report = scan(database, music)
    assert counts(report) == {"added": 3}
    assert (report.collection, report.artists, report.albums) == ("music", 1, 2)
    assert report.skipped == {".jpg": 1}
    assert report.warnings == []
    assert [(each.as_written, each.broader) for each in report.new_terms] == [("Finnish Metal", "Metal")]
    assert (len(report.spellings), report.known_spellings) == (3, 2)
    assert tagged(database) == {"a/1.mp3": "Rock; Pop", "a/2.mp3": "Finnish Metal", "b/3.mp3": None}
    assert rows(
        database, statement.c.source, statement.c.origin, statement.c.as_written, order=statement.c.id
    ) == [
        ("file", "id3v2.4", "Rock/Pop"),
        ("file", "id3v2.4", "Finnish Metal"),
    ]
    assert rows(database, track.c.title, track.c.codec, track.c.sample_rate, order=track.c.id)[0] == (
        "One",
        "mp3",
        44100,
    )


def test_a_second_scan_opens_nothing_and_changes_nothing(database, music, make_song, monkeypatch):
    make_song(music / "1.mp3", 1, genre="Rock")
    scan(database, music)
    before = rows(database, *track.c, order=track.c.id)
    monkeypatch.setattr(scanning, "read_scanned_file", pytest.fail)
    report = scan(database, music)
    assert counts(report) == {"unchanged": 1}
    assert rows(database, *track.c, order=track.c.id) == before
    assert len(rows(database, statement.c.id)) == 1
    assert len(report.spellings) == 1


def test_a_changed_genre_is_a_statement_and_another_change_is_none(database, music, make_song):
    song = make_song(music / "1.mp3", 1, genre="Rock", title="One", mtime=1000)
    scan(database, music)
    make_song(song, 1, genre="Rock", title="Another", mtime=2000)
    assert counts(scan(database, music)) == {"changed": 1}
    assert len(rows(database, statement.c.id)) == 1
    make_song(song, 1, genre="Metal", mtime=3000)
    assert counts(scan(database, music)) == {"changed": 1}
    assert tagged(database) == {"1.mp3": "Metal"}
    make_song(song, 1, mtime=4000)
    scan(database, music)
    assert tagged(database) == {"1.mp3": None}
    assert len(rows(database, statement.c.id)) == 3


def test_what_we_wrote_ourselves_is_no_new_evidence(database, music, make_song):
    song = make_song(music / "1.mp3", 1, genre="Rock", mtime=1000)
    scan(database, music)
    with database.write() as connection:
        append_statements(
            connection, "file", [NewStatement(tracks(database)["1.mp3"], ("Metal",), "catalog")]
        )
    make_song(song, 1, genre="Metal", mtime=2000)
    scan(database, music)
    assert len(rows(database, statement.c.id)) == 2


def test_words_that_are_no_genre_are_kept_as_written(database, music, make_song):
    make_song(music / "1.mp3", 1, genre="Other")
    report = scan(database, music)
    assert tagged(database) == {"1.mp3": None}
    assert rows(database, statement.c.as_written) == [("Other",)]
    assert [(each.as_written, each.genre, each.is_known) for each in report.spellings] == [
        ("Other", None, True)
    ]


def test_a_moved_file_keeps_its_track(database, music, make_song):
    make_song(music / "a/1.mp3", 1, genre="Rock")
    make_song(music / "b/2.mp3", 2)
    scan(database, music)
    before = tracks(database)
    (music / "a").rename(music / "z")
    report = scan(database, music)
    assert counts(report) == {"moved": 1, "unchanged": 1}
    assert tracks(database) == {"z/1.mp3": before["a/1.mp3"], "b/2.mp3": before["b/2.mp3"]}
    assert len(rows(database, statement.c.id)) == 1


def test_renumbered_files_keep_their_tracks(database, music, make_song):
    for number in (1, 2, 3):
        make_song(music / f"{number}.mp3", number, mtime=1000 + number)
    scan(database, music)
    before = tracks(database)
    for number in (3, 2, 1):
        (music / f"{number}.mp3").rename(music / f"{number + 1}.mp3")
    make_song(music / "1.mp3", "new")
    report = scan(database, music)
    assert tracks(database) == {
        "1.mp3": tracks(database)["1.mp3"], "2.mp3": before["1.mp3"], "3.mp3": before["2.mp3"], "4.mp3": before["3.mp3"],  # noqa: E501
    }  # fmt: skip
    assert report.moved + report.added == 4
    assert counts(scan(database, music)) == {"unchanged": 4}


def test_swapped_files_keep_their_tracks(database, music, make_song):
    make_song(music / "1.mp3", 1, mtime=1000)
    make_song(music / "2.mp3", 2, mtime=2000)
    scan(database, music)
    before = tracks(database)
    (music / "1.mp3").rename(music / "x")
    (music / "2.mp3").rename(music / "1.mp3")
    (music / "x").rename(music / "2.mp3")
    scan(database, music)
    assert tracks(database) == {"1.mp3": before["2.mp3"], "2.mp3": before["1.mp3"]}


@pytest.mark.parametrize("copy", ["0.mp3", "2.mp3"])
def test_a_copy_is_a_track_of_its_own(database, music, make_song, copy):
    song = make_song(music / "1.mp3", 1)
    scan(database, music)
    before = tracks(database)
    shutil.copy(song, music / copy)
    song.touch()
    report = scan(database, music)
    assert (report.added, report.moved) == (1, 0)
    assert tracks(database)["1.mp3"] == before["1.mp3"]


def test_a_vanished_file_is_missing_and_comes_back(database, music, make_song):
    song = make_song(music / "1.mp3", 1, genre="Rock")
    make_song(music / "2.mp3", 2)
    scan(database, music)
    before = tracks(database)
    song.rename(music.parent / "away.mp3")
    assert counts(scan(database, music)) == {"missing": 1, "unchanged": 1}
    assert "1.mp3" not in tracks(database)
    assert counts(scan(database, music)) == {"unchanged": 1}
    (music.parent / "away.mp3").rename(song)
    assert counts(scan(database, music)) == {"back": 1, "unchanged": 1}
    assert tracks(database) == before
    assert len(rows(database, statement.c.id)) == 1


def test_a_missing_file_comes_back_elsewhere(database, music, make_song):
    song = make_song(music / "1.mp3", 1)
    make_song(music / "2.mp3", 2)
    scan(database, music)
    before = tracks(database)
    song.rename(music.parent / "away.mp3")
    scan(database, music)
    (music / "new").mkdir()
    (music.parent / "away.mp3").rename(music / "new/1.mp3")
    assert counts(scan(database, music)) == {"moved": 1, "unchanged": 1}
    assert tracks(database)["new/1.mp3"] == before["1.mp3"]


def test_a_missing_file_was_last_seen_by_the_last_whole_scan(database, music, make_song):
    song = make_song(music / "1.mp3", 1)
    make_song(music / "2.mp3", 2)
    scan(database, music)
    (first,) = rows(database, collection.c.scanned_at)
    scan(database, music)
    (second,) = rows(database, collection.c.scanned_at)
    song.unlink()
    scan(database, music)
    with database.read() as connection:
        seen = connection.execute(sa.select(track.c.seen_at).where(track.c.path == "1.mp3")).scalar_one()
    assert first[0] < second[0] == seen


def test_an_unreadable_folder_is_one_warning_and_its_tracks_stay(database, music, make_song, monkeypatch):
    make_song(music / "a/1.mp3", 1)
    make_song(music / "b/2.mp3", 2)
    scan(database, music)
    listed = os.scandir

    def refuse(folder):
        if folder.endswith(b"/a"):
            raise PermissionError(13, "Permission denied", folder)
        return listed(folder)

    monkeypatch.setattr(os, "scandir", refuse)
    report = scan(database, music)
    assert counts(report) == {"unchanged": 1}
    assert report.warnings == ["a: cannot be read: Permission denied"]
    assert report.unread == 1
    assert set(tracks(database)) == {"a/1.mp3", "b/2.mp3"}


def test_what_is_no_audio_is_a_row_all_the_same(database, music, make_song):
    (music / "empty.mp3").write_bytes(b"")
    (music / "text.flac").write_text("no audio at all")
    report = scan(database, music)
    assert report.added == 2
    assert scan(database, music).unchanged == 2


def test_a_file_that_changes_while_it_is_read_is_for_the_next_scan(database, music, make_song, monkeypatch):
    song = make_song(music / "1.mp3", 1)
    make_song(music / "2.mp3", 2)
    from catalog.collection.scan import scanned_file

    def write_meanwhile(stream, size):
        if size == song.stat().st_size and stream.name and not song.with_suffix(".done").exists():
            with song.open("ab") as other:
                other.write(b"more")
            song.with_suffix(".done").touch()
        return file_signature(stream, size)

    monkeypatch.setattr(scanned_file, "file_signature", write_meanwhile)
    report = scan(database, music)
    assert (report.added, report.unread) == (1, 1)
    assert report.warnings == ["1.mp3: changed while it was read; the next scan reads it again"]
    assert counts(scan(database, music)) == {"added": 1, "unchanged": 1}


def test_a_dry_run_changes_nothing_and_says_the_same(database, music, make_song):
    make_song(music / "1.mp3", 1, genre="Finnish Metal", artist="A", album="B")
    make_song(music / "2.mp3", 2, genre="Rock", artist="The A")
    tables = (collection, track, artist, album, genre, label, statement, track_status)
    before = [len(rows(database, *table.primary_key.columns)) for table in tables]
    dry = scan(database, music, dry_run=True)
    assert [len(rows(database, *table.primary_key.columns)) for table in tables] == before
    real = scan(database, music)
    for name in ("added", "artists", "albums", "spellings", "files"):
        assert getattr(dry, name) == getattr(real, name)
    (music / "1.mp3").rename(music / "3.mp3")
    (music / "2.mp3").unlink()
    assert counts(scan(database, music, dry_run=True)) == {"moved": 1, "missing": 1}
    assert counts(scan(database, music)) == {"moved": 1, "missing": 1}


def test_a_killed_scan_done_again_ends_the_same(database, music, make_song, monkeypatch):
    for number in range(10):
        make_song(music / f"{number}.mp3", number, genre="Rock", artist=f"Artist {number % 3}")
    monkeypatch.setattr(scanning, "FILES_PER_TRANSACTION", 3)

    def die(root, path, encoding):
        if path == b"7.mp3":
            raise KeyboardInterrupt
        return read_scanned_file(root, path, encoding)

    monkeypatch.setattr(scanning, "read_scanned_file", die)
    with suppress(KeyboardInterrupt):
        scan(database, music)
    assert len(tracks(database)) == 6
    monkeypatch.setattr(scanning, "read_scanned_file", read_scanned_file)
    assert counts(scan(database, music)) == {"added": 4, "unchanged": 6}
    assert len(rows(database, statement.c.id)) == 10
    assert set(tagged(database).values()) == {"Rock"}


def test_two_scans_that_meet_make_no_track_twice(database, music, make_song, monkeypatch):
    for number in range(4):
        make_song(music / f"{number}.mp3", number, genre="Rock", artist="A", album="B")
    met: list[bool] = []

    def meet(root, path, encoding):
        if path == b"2.mp3" and not met:
            met.append(True)
            scan(database, music)
        return read_scanned_file(root, path, encoding)

    monkeypatch.setattr(scanning, "read_scanned_file", meet)
    report = scan(database, music)
    assert len(tracks(database)) == 4
    assert report.missing == 0
    assert len(rows(database, statement.c.id)) == 4


def test_the_old_artists_other_tracks_are_told(database, music, make_song):
    make_song(music / "1.mp3", 1, genre="Rock", artist="A", mtime=1000)
    make_song(music / "2.mp3", 2, artist="A")
    scan(database, music)
    make_song(music / "1.mp3", 1, genre="Rock", artist="B", mtime=2000)
    scan(database, music)
    with database.read() as connection:
        assert track_status_differences(connection) == 0


def test_a_full_scan_of_a_thousand_known_files_is_quick(database, music, make_song):
    song = make_song(music / "0.mp3", 0, genre="Rock", artist="A").read_bytes()
    for number in range(1, 1000):
        (music / f"{number}.mp3").write_bytes(song + b"%d" % number)
    scan(database, music)
    began = time.monotonic()
    assert scan(database, music).unchanged == 1000
    assert time.monotonic() - began < 2


def test_progress_is_told(database, music, make_song):
    make_song(music / "1.mp3", 1)
    told = []
    scan(database, music, on_progress=lambda *given: told.append(given))
    assert told[-1] == (1, None, "reading tags")


def test_recording_the_same_arrivals_twice_changes_nothing(database, music, make_song):
    make_song(music / "1.mp3", 1, genre="Rock", artist="A", album="B")
    scan(database, music)
    arrival = read_scanned_file(os.fsencode(music), b"1.mp3")
    ((key, root),) = rows(database, collection.c.id, collection.c.root_bytes)
    with database.write() as connection:
        again = track_upsert.upsert_tracks(connection, key, root, [arrival])
    assert again.unchanged == 1
    assert len(rows(database, statement.c.id)) == 1
