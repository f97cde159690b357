"""The walk, over folders as hostile as a disk can hold."""

import errno
import os
import stat
import subprocess
from pathlib import Path

import pytest

from catalog.collection.scan.walk import FolderWalk, is_hidden


def touch(folder, *names):
    for name in names:
        path = Path(folder) / os.fsdecode(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def walk(folder, start=b""):
    walked = FolderWalk(os.fsencode(folder), start)
    return [found.path for found in walked], walked


def test_files_come_in_the_order_of_their_names_and_others_are_counted(tmp_path):
    touch(tmp_path, "b/2.mp3", "b/10.mp3", "a.FLAC", "B.ogg", "cover.jpg", "notes", "b/x.JPG")
    paths, walked = walk(tmp_path)
    assert paths == [b"B.ogg", b"a.FLAC", b"b/10.mp3", b"b/2.mp3"]
    assert walked.skipped == {".jpg": 2, "no suffix": 1}
    assert walked.files == 4
    assert walked.warnings == []


def test_names_that_are_no_utf8_are_names(tmp_path):
    touch(tmp_path, b"caf\xe9/\xff.mp3")
    assert walk(tmp_path)[0] == [b"caf\xe9/\xff.mp3"]


def test_hidden_files_and_those_of_systems_are_left_out(tmp_path):
    touch(tmp_path, "._a.mp3", ".hidden/a.mp3", "@eaDir/a.mp3", "lost+found/a.mp3", "a.mp3")
    paths, walked = walk(tmp_path)
    assert paths == [b"a.mp3"]
    assert walked.skipped == {"hidden": 1}


def test_music_whose_name_begins_with_a_dot_is_not_hidden():
    assert not is_hidden(b"...And Justice for All")
    assert not is_hidden(b".38 Special")
    assert is_hidden(b"._song.mp3")
    assert is_hidden(b".Trash")


def test_loops_of_links_end(tmp_path):
    touch(tmp_path, "a/1.mp3")
    (tmp_path / "a/around").symlink_to(tmp_path)
    (tmp_path / "a/self").symlink_to("self")
    (tmp_path / "a/up").symlink_to("..")
    paths, _ = walk(tmp_path)
    assert paths == [b"a/1.mp3"]


def test_a_link_out_of_the_root_is_followed_once(tmp_path):
    root, other = tmp_path / "root", tmp_path / "other"
    touch(root, "z/1.mp3")
    touch(other, "2.mp3", "deep/3.mp3")
    (other / "deep/back").symlink_to(other)
    (root / "first").symlink_to(other)
    (root / "second").symlink_to(other)
    (root / "song.mp3").symlink_to(other / "2.mp3")
    paths, walked = walk(root)
    assert paths == [b"first/2.mp3", b"first/deep/3.mp3", b"song.mp3", b"z/1.mp3"]
    assert walked.outside == 3
    below = FolderWalk(os.fsencode(root), b"first/deep")
    assert len(list(below)) == below.outside == 2, "also of a scan that begins there"


def test_a_link_inside_the_root_is_no_second_track(tmp_path):
    touch(tmp_path, "z/1.mp3")
    (tmp_path / "a").symlink_to(tmp_path / "z")
    (tmp_path / "b.mp3").symlink_to(tmp_path / "z/1.mp3")
    assert walk(tmp_path)[0] == [b"z/1.mp3"]


def test_a_link_to_a_folder_around_the_root_is_not_followed(tmp_path):
    root = tmp_path / "root"
    touch(root, "1.mp3")
    touch(tmp_path, "secret/2.mp3")
    (root / "out").symlink_to(tmp_path)
    paths, walked = walk(root)
    assert paths == [b"1.mp3"]
    assert walked.warnings == ["out: is a link to a folder that contains the collection; it is not followed"]


def test_a_broken_link_is_one_warning(tmp_path):
    (tmp_path / "a.mp3").symlink_to("nowhere")
    (tmp_path / "a.txt").symlink_to("nowhere")
    paths, walked = walk(tmp_path)
    assert paths == []
    assert walked.warnings == ["a.mp3: is a broken link"]


def test_a_pipe_is_one_warning(tmp_path):
    os.mkfifo(tmp_path / "a.mp3")
    paths, walked = walk(tmp_path)
    assert paths == []
    assert walked.warnings == ["a.mp3: is not a regular file"]


def test_an_unreadable_folder_is_one_warning(tmp_path, monkeypatch):
    touch(tmp_path, "a/1.mp3", "closed/2.mp3", "z/3.mp3")
    listed = os.scandir

    def refuse(folder):
        # Permissions do not hold root back, who may run these tests.
        if folder.endswith(b"closed"):
            raise PermissionError(13, "Permission denied", folder)
        return listed(folder)

    monkeypatch.setattr(os, "scandir", refuse)
    paths, walked = walk(tmp_path)
    assert paths == [b"a/1.mp3", b"z/3.mp3"]
    assert walked.warnings == ["closed: cannot be read: Permission denied"]
    assert walked.unread == [b"closed"]


def test_a_folder_deeper_than_python_recurses(tmp_path):
    deep = os.fsencode(tmp_path)
    here = os.open(deep, os.O_RDONLY)
    for _ in range(1100):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    touch(tmp_path, "e.mp3")
    try:
        paths, walked = walk(tmp_path)
    finally:
        # pytest's own cleaning recurses.
        subprocess.run(["rm", "-rf", tmp_path / "d"], check=True)
    assert paths == [b"e.mp3"]
    assert len(walked.warnings) <= 1


def test_only_the_start_is_walked(tmp_path):
    touch(tmp_path, "a/1.mp3", "b/c/2.mp3", "b/3.mp3")
    assert walk(tmp_path, b"b")[0] == [b"b/3.mp3", b"b/c/2.mp3"]


def test_a_start_that_cannot_be_read_is_an_error(tmp_path):
    with pytest.raises(OSError):
        walk(tmp_path / "absent")


def test_what_is_given_is_size_and_time(tmp_path):
    touch(tmp_path, "a.mp3")
    os.utime(tmp_path / "a.mp3", ns=(5, 123456789))
    (found,) = FolderWalk(os.fsencode(tmp_path))
    assert found.state[:2] == (1, 123456789)
    assert stat.S_ISREG((tmp_path / "a.mp3").stat().st_mode)


def test_many_suffixes_do_not_fill_the_memory(tmp_path):
    touch(tmp_path, *(f"a.x{number}" for number in range(300)))
    _, walked = walk(tmp_path)
    assert len(walked.skipped) <= 201
    assert walked.skipped["other"] == 100


def test_a_lost_file_is_believed_where_its_folder_is_the_one_that_was_listed(tmp_path):
    touch(tmp_path, "a/1.mp3", "b/c/2.mp3", "d/3.mp3")
    _, walked = walk(tmp_path)
    assert walked.has_lost(b"a/9.mp3")
    assert walked.has_lost(b"never/9.mp3")
    # A disk at `b` goes away and leaves an empty mount point.
    (tmp_path / "b").rename(tmp_path / "b-away")
    (tmp_path / "b").mkdir()
    assert not walked.has_lost(b"b/c/2.mp3")
    assert not walked.has_lost(b"b/9.mp3")
    assert walked.has_lost(b"d/9.mp3")


def test_a_file_behind_a_broken_link_is_not_lost(tmp_path):
    root = tmp_path / "music"
    touch(root, "1.mp3")
    touch(tmp_path / "disk", "2.mp3")
    (root / "more").symlink_to(tmp_path / "disk")
    (tmp_path / "disk").rename(tmp_path / "unplugged")
    _, walked = walk(root)
    assert not walked.has_lost(b"more/2.mp3")


def test_a_folder_that_reports_an_error_has_lost_nothing(tmp_path, monkeypatch):
    touch(tmp_path, "a/1.mp3")
    _, walked = walk(tmp_path)
    plain = os.stat

    def stale(path, **options):
        if os.fsencode(path).endswith(b"/a"):
            raise OSError(errno.ESTALE, "Stale file handle")
        return plain(path, **options)

    monkeypatch.setattr(os, "stat", stale)
    assert not walked.has_lost(b"a/9.mp3")


def test_a_file_that_is_away_during_the_walk_only_is_not_lost(tmp_path):
    touch(tmp_path, "1.mp3", "2.mp3")
    walked = FolderWalk(os.fsencode(tmp_path))
    files = iter(walked)
    next(files)
    (tmp_path / "2.mp3").rename(tmp_path / "away")
    assert list(files) == []
    assert walked.has_lost(b"2.mp3")
    (tmp_path / "away").rename(tmp_path / "2.mp3")
    assert not walked.has_lost(b"2.mp3")
