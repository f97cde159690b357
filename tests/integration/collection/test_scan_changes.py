"""Which files a scan reads again, and when it believes that a file is gone."""

import os

import pytest
import sqlalchemy as sa

from catalog.collection.scan import file_changes
from catalog.collection.scan import scan as scanning
from catalog.collection.scan.file_tags import TAG_READER
from catalog.collection.scan.scan import scan
from catalog.collection.scan.scanned_file import read_scanned_file
from catalog.collection.scan.walk import FolderWalk
from catalog.db.tables import collection, statement, track
from tests.integration.collection.kept import rows, tagged, tracks


def opened(database, music, monkeypatch, **options):
    """The paths that a scan opens."""
    paths = []

    def note(root, path, encoding):
        paths.append(path.decode())
        return read_scanned_file(root, path, encoding)

    with monkeypatch.context() as patch:
        patch.setattr(scanning, "read_scanned_file", note)
        report = scan(database, music, **options)
    return paths, report


def rewrite(path, old, new):
    """Changes bytes of a file in place and keeps its size and time."""
    before = path.stat()
    content = path.read_bytes()
    assert content.count(old) == 1
    path.write_bytes(content.replace(old, new))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_a_genre_that_changed_with_size_and_time_kept_is_read(database, music, make_song):
    song = make_song(music / "1.mp3", 1, genre="Rock")
    make_song(music / "2.mp3", 2, genre="Rock")
    scan(database, music)
    rewrite(song, "Rock".encode("utf-16-le"), "Punk".encode("utf-16-le"))
    report = scan(database, music)
    assert (report.changed, report.unchanged) == (1, 1)
    assert tagged(database) == {"1.mp3": "Punk", "2.mp3": "Rock"}


def test_a_file_that_another_replaced_is_read(database, music, make_song):
    song = make_song(music / "1.mp3", 1, genre="Rock", mtime=1000)
    scan(database, music)
    make_song(music / "new", 1, genre="Punk", mtime=1000).rename(song)
    assert scan(database, music).changed == 1
    assert tagged(database) == {"1.mp3": "Punk"}


def test_a_new_status_time_is_no_change_of_the_track(database, music, make_song, monkeypatch):
    song = make_song(music / "1.mp3", 1, genre="Rock")
    scan(database, music)
    before = rows(database, track.c.id, track.c.file_signature), rows(database, statement.c.id)
    song.chmod(0o600)
    paths, report = opened(database, music, monkeypatch)
    assert (paths, report.changed, report.unchanged) == (["1.mp3"], 0, 1)
    assert (rows(database, track.c.id, track.c.file_signature), rows(database, statement.c.id)) == before
    assert opened(database, music, monkeypatch)[0] == []


def test_a_scan_can_be_told_to_read_every_file_again(database, music, make_song, monkeypatch):
    for number in range(3):
        make_song(music / f"{number}.mp3", number, genre="Rock")
    scan(database, music)
    paths, report = opened(database, music, monkeypatch, reread=True)
    assert (len(paths), report.unchanged, report.changed) == (3, 3, 0)
    assert opened(database, music, monkeypatch, reread=True, dry_run=True)[1].unchanged == 3


@pytest.mark.parametrize("version", [None, TAG_READER - 1])
def test_tags_are_read_again_by_a_newer_reader_once(database, music, make_song, monkeypatch, version):
    make_song(music / "1.mp3", 1, genre="Rock")
    scan(database, music)
    with database.write() as connection:
        connection.execute(sa.update(track).values(tag_reader=version))
    assert opened(database, music, monkeypatch)[0] == ["1.mp3"]
    assert opened(database, music, monkeypatch)[0] == []
    with database.write() as connection:
        connection.execute(sa.update(track).values(tag_reader=TAG_READER + 1))
    assert opened(database, music, monkeypatch)[0] == []


def test_a_few_new_inodes_are_read_and_a_renumbered_disk_is_not(database, music, make_song, monkeypatch):
    for number in range(8):
        make_song(music / f"{number}.mp3", number)
    scan(database, music)
    monkeypatch.setattr(file_changes, "FEW_FILES", 3)
    with database.write() as connection:
        connection.execute(sa.update(track).where(track.c.path.in_(["1.mp3", "2.mp3"])).values(inode=1))
    assert opened(database, music, monkeypatch)[0] == ["1.mp3", "2.mp3"]
    with database.write() as connection:
        connection.execute(sa.update(track).values(inode=track.c.inode + 1000))
    assert opened(database, music, monkeypatch)[0] == []


def interrupt_walk(monkeypatch, after, action):
    """Calls `action` when the walk has given `after` files."""
    walk = FolderWalk.__iter__

    def interrupted(self):
        for number, file in enumerate(walk(self)):
            if number == after:
                action()
            yield file

    monkeypatch.setattr(FolderWalk, "__iter__", interrupted)


@pytest.mark.parametrize("leaves_mount_point", [False, True])
def test_a_root_that_goes_away_during_a_scan_loses_no_track(
    database, music, make_song, monkeypatch, leaves_mount_point
):
    for number in range(6):
        make_song(music / f"{number}.mp3", number)
    scan(database, music)
    scanned_at = rows(database, collection.c.scanned_at)

    def unmount():
        music.rename(music.parent / "away")
        if leaves_mount_point:
            music.mkdir()

    interrupt_walk(monkeypatch, 2, unmount)
    report = scan(database, music)
    assert (report.missing, report.unread, len(tracks(database))) == (0, 1, 6)
    (warning,) = report.warnings
    assert "went away during the scan" in warning
    assert "scan again" in warning
    assert rows(database, collection.c.scanned_at) == scanned_at


def test_a_folder_that_goes_away_during_a_scan_loses_no_track(database, music, make_song, monkeypatch):
    for name in ("a/1.mp3", "b/2.mp3", "b/3.mp3", "c/4.mp3"):
        make_song(music / name, name)
    scan(database, music)
    (music / "c/4.mp3").unlink()

    def unmount():
        (music / "b").rename(music.parent / "away")
        (music / "b").mkdir()

    interrupt_walk(monkeypatch, 1, unmount)
    report = scan(database, music)
    assert (report.missing, report.unread) == (1, 1)
    assert set(tracks(database)) == {"a/1.mp3", "b/2.mp3", "b/3.mp3"}


def test_a_first_scan_whose_root_goes_away_is_not_complete(database, music, make_song, monkeypatch):
    for number in range(4):
        make_song(music / f"{number}.mp3", number)
    interrupt_walk(monkeypatch, 2, lambda: music.rename(music.parent / "away"))
    monkeypatch.setattr(scanning, "FILES_PER_LOOKUP", 1)
    report = scan(database, music)
    assert report.unread == 1
    assert report.added == 2


def test_an_empty_folder_whose_tracks_are_missing_is_named_once(database, music, make_song):
    for name in ("disk/1.mp3", "disk/a/2.mp3", "3.mp3"):
        make_song(music / name, name)
    scan(database, music)
    (music / "disk").rename(music.parent / "unmounted")
    (music / "disk").mkdir()
    report = scan(database, music)
    assert (report.missing, report.unread) == (2, 0)
    (warning,) = report.warnings
    assert warning.startswith(
        "disk: is empty now, and 2 tracks in it became missing; if a disk belongs there"
    )
    assert scan(database, music).warnings == []
    (music / "disk").rmdir()
    (music.parent / "unmounted").rename(music / "disk")
    assert scan(database, music).back == 2
