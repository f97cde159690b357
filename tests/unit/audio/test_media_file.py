"""What may be opened at all, and what is noticed while reading."""

import os
import socket
from pathlib import Path

import pytest

from catalog.audio.audio_error import AudioError
from catalog.audio.decoding.media_file import MediaFile


def refused(path: Path | str | bytes) -> AudioError:
    with pytest.raises(AudioError) as caught:
        MediaFile(path)
    assert "\n" not in str(caught.value)
    return caught.value


def test_reads_seeks_and_tells(tmp_path):
    (tmp_path / "a").write_bytes(b"abcdef")
    with MediaFile(tmp_path / "a") as source:
        assert source.read(2) == b"ab"
        assert source.seek(-1, os.SEEK_END) == 5
        assert source.tell() == 5
        assert source.seek(-9) == -1
        source.check()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_named_pipe_is_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "a.mp3")
    assert refused(tmp_path / "a.mp3").reason == "unreadable"


def test_a_folder_a_device_a_socket_and_nothing_are_refused(tmp_path):
    listening = socket.socket(socket.AF_UNIX)
    here = Path.cwd()
    os.chdir(tmp_path)  # the name of a socket has to be short
    try:
        listening.bind("s")
    finally:
        os.chdir(here)
        listening.close()
    for path in (tmp_path, "/dev/zero", tmp_path / "s", tmp_path / "none.mp3", "a\0b"):
        assert refused(path).reason == "unreadable"


def test_messages_hold_no_path(tmp_path):
    assert str(tmp_path) not in str(refused(tmp_path / "none.mp3"))


def test_an_empty_file(tmp_path):
    (tmp_path / "a.mp3").touch()
    assert refused(tmp_path / "a.mp3").reason == "empty"


def test_names_that_are_no_text(tmp_path):
    name = os.fsencode(tmp_path) + b"/\xff\xfe\n.mp3"
    try:
        Path(os.fsdecode(name)).write_bytes(b"abc")
    except OSError:
        pytest.skip("this file system takes no such name")
    for same in (name, os.fsdecode(name), Path(os.fsdecode(name))):
        with MediaFile(same) as source:
            assert source.read(3) == b"abc"


def test_a_file_that_grows_while_it_is_read(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    with MediaFile(tmp_path / "a") as source:
        with (tmp_path / "a").open("ab") as stream:
            stream.write(b"more")
        with pytest.raises(AudioError) as caught:
            source.check()
    assert caught.value.reason == "changed"


def test_a_disk_that_fails(tmp_path, monkeypatch):
    (tmp_path / "a").write_bytes(b"abc")

    def fails(descriptor, size):
        raise OSError(5, "Input/output error")

    with MediaFile(tmp_path / "a") as source:
        monkeypatch.setattr(os, "read", fails)
        assert source.read(1) == b""
        with pytest.raises(AudioError, match="Input/output error") as caught:
            source.check()
    assert caught.value.reason == "unreadable"
