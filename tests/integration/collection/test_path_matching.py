"""Files and folders named through links, and names that differ in spaces or in the form of their letters."""

import os

import pytest
import sqlalchemy as sa

from catalog.collection.collections import move_collection
from catalog.collection.path_matching import find_paths
from catalog.collection.roots import CollectionRootError, collection_id_of, known_roots
from catalog.collection.scan.scan import scan
from catalog.collection.track_lookup import TrackNotFoundError, find_track
from catalog.db.tables import track


def lookup(database, folder, *names):
    with database.read() as connection:
        found = find_paths(connection, known_roots(connection), os.fsencode(folder), names)
        paths = dict(connection.execute(sa.select(track.c.id, track.c.path_bytes)).all())
    return {name: sorted(paths[key] for key in keys) for name, keys in found.items()}


@pytest.fixture
def linked(database, music, make_song):
    """A collection `music` that was scanned through the link `Music`."""
    make_song(music / "a/1.mp3", 1, title="One")
    make_song(music / "2.mp3", 2, title="Two")
    link = music.parent / "Music"
    link.symlink_to(music)
    scan(database, link)
    return link


def test_a_list_names_files_through_the_link_that_was_scanned(database, linked, music):
    names = (f"{linked}/a/1.mp3", f"{linked}/a/../2.mp3", f"{music}/2.mp3")
    assert lookup(database, "/", *names) == {
        names[0]: [b"a/1.mp3"],
        names[1]: [b"2.mp3"],
        names[2]: [b"2.mp3"],
    }
    assert lookup(database, linked / "a", "1.mp3", "../2.mp3") == {
        "1.mp3": [b"a/1.mp3"],
        "../2.mp3": [b"2.mp3"],
    }


def test_a_missing_file_is_found_through_a_link(database, linked, music):
    (music / "2.mp3").unlink()
    assert lookup(database, "/", f"{linked}/2.mp3") == {f"{linked}/2.mp3": [b"2.mp3"]}


def test_links_within_the_folder_and_to_single_files_lead_to_their_tracks(database, linked, music):
    (music / "b").symlink_to("a")
    song = music.parent / "song.mp3"
    song.symlink_to(music / "2.mp3")
    assert lookup(database, "/", f"{music}/b/1.mp3", str(song)) == {
        f"{music}/b/1.mp3": [b"a/1.mp3"],
        str(song): [b"2.mp3"],
    }
    assert lookup(database, "/", "b/1.mp3") == {"b/1.mp3": [b"a/1.mp3"]}


def test_the_folder_of_a_collection_may_become_a_link(database, music, make_song):
    make_song(music / "1.mp3", 1)
    scan(database, music)
    moved = music.parent / "disk"
    music.rename(moved)
    music.symlink_to(moved)
    assert lookup(database, "/", f"{moved}/1.mp3") == {f"{moved}/1.mp3": [b"1.mp3"]}
    report = scan(database, moved)
    assert (report.collection, report.added, report.unchanged) == ("music", 0, 1)


def test_a_file_that_a_link_in_the_collection_leads_to_is_its_track(database, music, make_song):
    disk = music.parent / "disk"
    make_song(disk / "1.mp3", 1)
    make_song(disk / "2.mp3", 2)
    (music / "more").symlink_to(disk)
    scan(database, music)
    assert lookup(database, "/", f"{disk}/2.mp3") == {f"{disk}/2.mp3": [b"more/2.mp3"]}
    with database.read() as connection:
        assert find_track(connection, f"{disk}/1.mp3") != find_track(connection, f"{disk}/2.mp3")


def test_a_track_and_a_collection_are_named_through_a_link(database, linked, music, monkeypatch):
    with database.read() as connection:
        key = find_track(connection, "2.mp3")
        assert find_track(connection, f"{linked}/2.mp3") == key
        monkeypatch.chdir(linked)
        assert find_track(connection, "./2.mp3") == key
        assert collection_id_of(connection, f"{linked}/") == collection_id_of(connection, "music")
        with pytest.raises(CollectionRootError, match="no collection"):
            collection_id_of(connection, str(music.parent))
    assert move_collection(database, str(linked), music, dry_run=True).tracks == 2


def test_names_that_differ_in_composed_letters_are_two_tracks(database, music, make_song):
    names = ("Beyonc\u00e9.mp3", "Beyonce\u0301.mp3")
    for number, name in enumerate(names):
        make_song(music / name, number)
    scan(database, music)
    for folder in (music, "/"):
        assert lookup(database, folder, *names) == {name: [name.encode()] for name in names}


def test_spaces_at_the_ends_of_names_are_kept_where_files_have_them(database, music, make_song):
    make_song(music / " 1.mp3", 1)
    make_song(music / "1.mp3", 2)
    make_song(music / "2 .mp3", 3)
    scan(database, music)
    assert lookup(database, "/", " 1.mp3", "1.mp3", "1.mp3\r", "  2 .mp3 ") == {
        " 1.mp3": [b" 1.mp3"],
        "1.mp3": [b"1.mp3"],
        "1.mp3\r": [b"1.mp3"],
        "  2 .mp3 ": [b"2 .mp3"],
    }


def test_names_that_no_file_can_have_match_nothing(database, linked):
    assert (
        lookup(database, "/", "\0.mp3", "\\x00/2.mp3", "x" * 5000, f"{linked}/{'y' * 300}.mp3", "\ud800")
        == {}
    )


def test_an_id_may_have_a_carriage_return(database, linked):
    with database.read() as connection:
        key = find_track(connection, "2.mp3")
        for text in (f"{key}\r", f" {key}\n", "Two \r", f"{linked}/2.mp3\r"):
            assert find_track(connection, text) == key
        for text in ("", " ", "\r"):
            with pytest.raises(TrackNotFoundError, match="no track"):
                find_track(connection, text)


def test_a_title_is_found_in_either_form_of_its_letters(database, music, make_song):
    make_song(music / "1.mp3", 1, title="D\u00e9j\u00e0 Vu")
    scan(database, music)
    with database.read() as connection:
        assert find_track(connection, "De\u0301ja\u0300 Vu") == find_track(connection, "1.mp3")
