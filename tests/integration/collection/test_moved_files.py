"""A track follows its file to another collection, and a collection follows its folder."""

import os
import shutil
from contextlib import suppress

import pytest
import sqlalchemy as sa

from catalog.collection.roots import CollectionRootError
from catalog.collection.scan.scan import scan
from catalog.db.tables import collection, feature_vector, statement, track
from tests.integration.collection.evidence import decide, everything_about, places
from tests.integration.collection.kept import rows


@pytest.fixture
def folders(music):
    """Two folders next to each other."""
    return music / "incoming", music / "library"


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize("new_name", ["01.mp3", "Album/02 Song.mp3"])
def test_a_file_that_moves_to_another_collection_keeps_its_track(
    database, folders, make_song, order, new_name
):
    incoming, library = folders
    make_song(incoming / "01.mp3", 1, genre="Rock")
    make_song(incoming / "02.mp3", 2)
    make_song(library / "00.mp3", 3)
    for folder in folders:
        scan(database, folder)
    key = decide(database, "01.mp3")
    (library / new_name).parent.mkdir(exist_ok=True)
    (incoming / "01.mp3").rename(library / new_name)
    moved = sum(scan(database, folders[position]).moved for position in order)
    assert moved == 1
    assert places(database)[key] == ("library", new_name)
    assert everything_about(database, key) == (1, 1, 1, 1, 1)
    assert len(places(database)) == 3
    assert [scan(database, folder).moved for folder in folders] == [0, 0]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize("is_other_disk", [False, True])
def test_the_last_file_of_a_collection_may_move(database, folders, make_song, order, is_other_disk):
    incoming, library = folders
    make_song(incoming / "01.mp3", 1)
    make_song(library / "00.mp3", 3)
    for folder in folders:
        scan(database, folder)
    key = decide(database, "01.mp3")
    if is_other_disk:
        shutil.copy2(incoming / "01.mp3", library / "01.mp3")
        (incoming / "01.mp3").unlink()
    else:
        (incoming / "01.mp3").rename(library / "01.mp3")
    for position in order:
        with suppress(CollectionRootError):
            scan(database, folders[position])
    assert places(database)[key] == ("library", "01.mp3")
    assert scan(database, incoming).files == 0


def test_a_copy_takes_nothing(database, folders, make_song):
    incoming, library = folders
    make_song(incoming / "01.mp3", 1)
    scan(database, incoming)
    key = decide(database, "01.mp3")
    shutil.copytree(incoming, library, copy_function=shutil.copy2)
    assert scan(database, library).added == 1
    assert places(database)[key] == ("incoming", "01.mp3")


@pytest.mark.parametrize("leaves_mount_point", [False, True])
def test_a_copy_takes_nothing_from_a_disk_that_is_not_mounted(
    database, folders, make_song, leaves_mount_point
):
    incoming, library = folders
    make_song(incoming / "01.mp3", 1)
    make_song(library / "00.mp3", 2)
    for folder in folders:
        scan(database, folder)
    key = decide(database, "01.mp3")
    shutil.copy2(incoming / "01.mp3", library / "01.mp3")
    incoming.rename(incoming.parent / "unmounted")
    if leaves_mount_point:
        incoming.mkdir()
    assert scan(database, library).added == 1
    assert places(database)[key] == ("incoming", "01.mp3")


def test_a_track_follows_a_file_that_was_copied_and_then_deleted(database, folders, make_song):
    incoming, library = folders
    make_song(incoming / "01.mp3", 1)
    make_song(incoming / "02.mp3", 2)
    scan(database, incoming)
    key = decide(database, "01.mp3")
    library.mkdir()
    shutil.copy2(incoming / "01.mp3", library / "01.mp3")
    scan(database, library)
    (incoming / "01.mp3").unlink()
    report = scan(database, incoming)
    assert (report.missing, report.moved) == (1, 1)
    assert places(database)[key] == ("library", "01.mp3")
    assert everything_about(database, key) == (1, 1, 1, 1, 1)
    assert len(rows(database, track.c.id)) == 2
    assert (scan(database, library).unchanged, scan(database, incoming).missing) == (1, 0)


def test_two_copies_of_a_deleted_file_take_nothing(database, folders, make_song):
    incoming, library = folders
    make_song(incoming / "01.mp3", 1)
    make_song(incoming / "02.mp3", 2)
    scan(database, incoming)
    key = decide(database, "01.mp3")
    library.mkdir()
    for name in ("a.mp3", "b.mp3"):
        shutil.copy2(incoming / "01.mp3", library / name)
    scan(database, library)
    (incoming / "01.mp3").unlink()
    assert scan(database, incoming).moved == 0
    assert key not in places(database)
    (library / "b.mp3").rename(library / "01.mp3")
    scan(database, library)
    assert scan(database, incoming).moved == 0 or places(database)[key] == ("library", "01.mp3")


def test_a_file_that_moved_and_was_retagged_keeps_its_track_by_its_audio(database, folders, make_song):
    incoming, library = folders
    make_song(incoming / "01.mp3", 1, genre="Rock")
    make_song(incoming / "02.mp3", 2)
    make_song(library / "00.mp3", 3)
    for folder in folders:
        scan(database, folder)
    key = decide(database, "01.mp3")
    with database.write() as connection:
        connection.execute(sa.update(track).where(track.c.id == key).values(audio_hash="same"))
    (incoming / "01.mp3").unlink()
    make_song(library / "1.mp3", 1, genre="Punk", title="A much longer title than before")
    for folder in folders:
        scan(database, folder)
    (new,) = rows(database, track.c.id, track.c.file_signature, order=track.c.id.desc())[:1]
    assert new[0] != key
    with database.write() as connection:
        # As an analysis does.
        connection.execute(sa.update(track).where(track.c.id == new[0]).values(audio_hash="same"))
    assert scan(database, library).moved == 1
    assert places(database)[key] == ("library", "1.mp3")
    assert everything_about(database, key) == (1, 1, 1, 1, 1)
    assert rows(database, feature_vector.c.file_signature) == [(new[1],)]
    assert new[0] not in {row[0] for row in rows(database, track.c.id)}
    origins = rows(database, statement.c.source, statement.c.as_written, order=statement.c.id)
    assert [row for row in origins if row[0] == "file"] == [("file", "Rock"), ("file", "Punk")]


def test_an_interrupted_move_is_completed_by_the_next_scan(database, folders, make_song, monkeypatch):
    incoming, library = folders
    for number in range(4):
        make_song(incoming / f"{number}.mp3", number)
    make_song(library / "9.mp3", 9)
    for folder in folders:
        scan(database, folder)
    keys = {decide(database, f"{number}.mp3") for number in range(4)}
    for number in range(4):
        (incoming / f"{number}.mp3").rename(library / f"{number}.mp3")
    make_song(incoming / "8.mp3", 8)

    class KilledError(Exception):
        pass

    def kill(*_arguments):
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr("catalog.collection.scan.scan.FILES_PER_TRANSACTION", 2)
        patch.setattr("catalog.collection.scan.scan._mark_missing", kill)
        with pytest.raises(KilledError):
            scan(database, library)
    for folder in folders:
        scan(database, folder)
    assert {places(database)[key][0] for key in keys} == {"library"}
    assert all(everything_about(database, key) == (1, 1, 1, 1, 1) for key in keys)


def test_a_renamed_folder_is_its_collection(database, music, make_song):
    for number in range(3):
        make_song(music / f"a/{number}.mp3", number)
    scan(database, music)
    key = decide(database, "a/0.mp3")
    renamed = music.rename(music.parent / "Library")
    make_song(renamed / "new.mp3", 8)
    (renamed / "a/2.mp3").unlink()
    dry = scan(database, renamed, dry_run=True)
    assert (dry.moved_from, dry.added, dry.unchanged, dry.missing) == (str(music), 1, 2, 1)
    assert rows(database, collection.c.name, collection.c.root) == [("music", str(music))]
    report = scan(database, renamed)
    assert (report.moved_from, report.added, report.unchanged, report.missing) == (str(music), 1, 2, 1)
    assert rows(database, collection.c.name, collection.c.root) == [("music", str(renamed))]
    assert places(database)[key] == ("music", "a/0.mp3")
    assert scan(database, renamed).moved_from is None


@pytest.mark.parametrize("part", ["a", "a/0.mp3"])
def test_a_part_of_a_renamed_folder_is_a_part_of_its_collection(database, music, make_song, part):
    for name in ("a/0.mp3", "a/1.mp3", "b/2.mp3"):
        make_song(music / name, name)
    scan(database, music)
    renamed = music.rename(music.parent / "Library")
    report = scan(database, renamed / part)
    assert (report.collection, report.moved_from, report.added, report.missing) == ("music", str(music), 0, 0)
    assert rows(database, collection.c.name, collection.c.root) == [("music", str(renamed))]
    assert scan(database, renamed).unchanged == 3


def test_a_renamed_folder_may_get_a_new_name(database, music, make_song):
    make_song(music / "1.mp3", 1)
    scan(database, music)
    renamed = music.rename(music.parent / "Library")
    assert scan(database, renamed, name="My records").collection == "My records"
    assert rows(database, collection.c.name, collection.c.root) == [("My records", str(renamed))]


@pytest.mark.parametrize("with_name", [False, True])
def test_a_copy_of_a_folder_that_is_gone_is_asked_about(database, music, make_song, with_name):
    for number in range(3):
        make_song(music / f"{number}.mp3", number)
    scan(database, music)
    copy = music.parent / "copy"
    shutil.copytree(music, copy, copy_function=shutil.copy2)
    shutil.rmtree(music)
    if with_name:
        assert scan(database, copy, name="backup").added == 3
        return
    with pytest.raises(CollectionRootError, match=r"catalog collections move 'music' .*--name") as refusal:
        scan(database, copy)
    assert "\n" not in str(refusal.value)
    assert len(rows(database, track.c.id)) == 3


def test_a_copy_of_a_folder_that_is_there_is_another_collection(database, music, make_song):
    make_song(music / "1.mp3", 1)
    scan(database, music)
    copy = music.parent / "copy"
    shutil.copytree(music, copy, copy_function=shutil.copy2)
    report = scan(database, copy)
    assert (report.moved_from, report.added) == (None, 1)


def test_a_folder_that_moves_below_another_one_keeps_its_tracks(database, music, make_song):
    for number in range(3):
        make_song(music / f"{number}.mp3", number)
    scan(database, music)
    key = decide(database, "0.mp3")
    archive = music.parent / "archive"
    archive.mkdir()
    music.rename(archive / "music")
    assert scan(database, archive).moved == 3
    assert places(database)[key] == ("archive", "music/0.mp3")
    assert len(rows(database, track.c.id)) == 3


def test_an_analysis_is_not_overwritten_when_tags_are_read_again(database, music, make_song):
    make_song(music / "1.mp3", 1)
    scan(database, music)
    with database.write() as connection:
        connection.execute(sa.update(track).values(audio_hash="h", duration=1.25, codec="analyzed"))
    assert scan(database, music, reread=True).unchanged == 1
    assert rows(database, track.c.duration, track.c.codec) == [(1.25, "analyzed")]
    os.utime(music / "1.mp3")
    assert scan(database, music).changed == 1
    assert rows(database, track.c.duration, track.c.codec) == [(1.25, "analyzed")]
