"""Which folder is which collection, and what cannot be one."""

import os
import shutil

import pytest

from catalog.collection.roots import CollectionRootError
from catalog.collection.scan.scan import scan
from catalog.db.tables import collection, track
from tests.integration.collection.kept import rows, tracks


def counts(report):
    return {
        name: value
        for name in ("added", "changed", "moved", "back", "missing", "unchanged")
        if (value := getattr(report, name))
    }


@pytest.mark.parametrize("how", ["emptied", "absent"])
def test_an_empty_or_absent_root_changes_nothing_and_says_so(database, music, make_song, how):
    make_song(music / "1.mp3", 1)
    scan(database, music)
    before = rows(database, *track.c, order=track.c.id)
    shutil.rmtree(music)
    if how == "emptied":
        music.mkdir()
    with pytest.raises(CollectionRootError, match=r"nothing was changed|was not changed") as refusal:
        scan(database, music)
    assert "catalog collections" in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert rows(database, *track.c, order=track.c.id) == before


def test_a_folder_inside_a_collection_is_scanned_for_it(database, music, make_song):
    make_song(music / "a/1.mp3", 1)
    make_song(music / "a0/1.mp3", 10)
    gone = make_song(music / "b/2.mp3", 2)
    scan(database, music)
    gone.unlink()
    (music / "a/1.mp3").unlink()
    make_song(music / "a/3.mp3", 3)
    report = scan(database, music / "a")
    assert (report.collection, counts(report)) == ("music", {"added": 1, "missing": 1})
    assert set(tracks(database)) == {"a/3.mp3", "b/2.mp3", "a0/1.mp3"}
    assert len(rows(database, collection.c.id)) == 1


def test_a_folder_reached_through_a_link_is_the_collections(database, music, make_song):
    other = music.parent / "other"
    make_song(other / "1.mp3", 1)
    make_song(music / "2.mp3", 2)
    (music / "disk").symlink_to(other)
    assert scan(database, music).outside == 1
    assert set(tracks(database)) == {"2.mp3", "disk/1.mp3"}
    assert counts(scan(database, music / "disk")) == {"unchanged": 1}
    assert len(rows(database, collection.c.id)) == 1


def test_a_folder_around_a_collection_is_refused_with_the_command(database, music, make_song):
    make_song(music / "a/1.mp3", 1)
    scan(database, music / "a")
    with pytest.raises(CollectionRootError, match=r"catalog collections move 'a'"):
        scan(database, music)
    make_song(music / "b/1.mp3", 2)
    scan(database, music / "b")
    with pytest.raises(CollectionRootError, match="2 collections"):
        scan(database, music)


def test_a_file_is_brought_in_alone(database, music, make_song):
    song = make_song(music / "1.mp3", 1)
    make_song(music / "2.mp3", 2)
    assert counts(scan(database, song)) == {"added": 1}
    assert set(tracks(database)) == {"1.mp3"}
    assert counts(scan(database, song)) == {"unchanged": 1}
    assert counts(scan(database, music)) == {"added": 1, "unchanged": 1}
    assert counts(scan(database, music / "2.mp3")) == {"unchanged": 1}
    assert len(rows(database, collection.c.id)) == 1


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("absent", "does not exist"),
        ("empty", r"no audio in .*\.flac"),
        ("notes.txt", r"suffix of audio files.*\.mp3"),
        ("pipe.mp3", "is not a regular file"),
    ],
)
def test_what_cannot_be_scanned_is_said_in_one_line(database, music, path, message):
    (music / "empty").mkdir()
    (music / "notes.txt").write_text("x")
    os.mkfifo(music / "pipe.mp3")
    with pytest.raises(CollectionRootError, match=message) as refusal:
        scan(database, music / path)
    assert "\n" not in str(refusal.value)
    assert rows(database, collection.c.id) == []


def test_names(database, music, make_song):
    make_song(music / "a/x/1.mp3", 1)
    make_song(music / "b/x/1.mp3", 2)
    make_song(music / "c/1.mp3", 2)
    assert scan(database, music / "a/x").collection == "x"
    assert scan(database, music / "b/x").collection == "x (2)"
    with pytest.raises(CollectionRootError, match="already"):
        scan(database, music / "c", name="x")
    with pytest.raises(CollectionRootError, match="already"):
        scan(database, music / "a/x", name="y")
    assert scan(database, music / "a/x", name="x").unchanged == 1


def test_names_that_are_no_utf8_are_rows(database, music, make_song):
    make_song(os.fsencode(music) + b"/caf\xe9\n\x1b.mp3", 1)
    assert scan(database, music).added == 1
    assert scan(database, music).unchanged == 1
    assert list(tracks(database)) == ["caf\\xe9\\x0a\\x1b.mp3"]
    assert rows(database, track.c.path_bytes) == [(b"caf\xe9\n\x1b.mp3",)]


def test_a_link_that_moves_under_a_file_is_a_file(database, music, make_song):
    make_song(music.parent / "elsewhere.mp3", 1)
    (music / "1.mp3").symlink_to(music.parent / "elsewhere.mp3")
    assert counts(scan(database, music)) == {"added": 1}
