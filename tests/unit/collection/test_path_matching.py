"""Spellings of paths, and paths relative to a root."""

import os

import pytest

from catalog.collection.path_matching import (
    _as_written,
    _other_forms,
    _RealPath,
    _relative_paths,
    _without_outer_spaces,
)
from catalog.collection.roots import KnownRoot


@pytest.mark.parametrize(
    ("name", "folder", "expected"),
    [
        ("a/1.mp3", None, b"a/1.mp3"),
        ("1.mp3", b"/music/a", b"a/1.mp3"),
        ("../b/1.mp3", b"/music/a", b"b/1.mp3"),
        ("/music/a/1.mp3", b"/", b"a/1.mp3"),
        ("../1.mp3", None, None),
        ("/other/1.mp3", None, None),
        (".", None, None),
    ],
)
def test_a_path_is_relative_to_the_root_or_outside(name, folder, expected):
    roots = [KnownRoot(7, "music", b"/music")]
    paths = _relative_paths(roots, folder, [name], os.path.normpath, _as_written)
    assert paths == {7: {} if expected is None else {expected: {name}}}


def test_slashes_unicode_forms_and_escaped_bytes_are_tried():
    assert b"a/1.mp3" in set(_other_forms("a\\1.mp3"))
    assert {"é.mp3".encode(), "e\u0301.mp3".encode()} <= {*_other_forms("é.mp3"), *_as_written("é.mp3")}
    assert b"\xe9.mp3" in set(_other_forms("\\xe9.mp3"))


def test_spaces_at_the_ends_of_a_name_are_tried_last():
    assert list(_as_written(" a.mp3\r")) == [b" a.mp3\r"]
    assert b"a.mp3" not in set(_other_forms(" a.mp3\r"))
    assert b"a.mp3" in set(_without_outer_spaces(" a.mp3\r"))


def test_real_paths_resolve_links_of_folders_and_files(tmp_path):
    base = tmp_path.resolve()
    (base / "music/a").mkdir(parents=True)
    (base / "music/a/1.mp3").touch()
    (base / "link").symlink_to(base / "music")
    (base / "song.mp3").symlink_to("music/a/1.mp3")
    real = _RealPath()
    for name in ("link/a/1.mp3", "link/a/../a/1.mp3", "song.mp3", "music/a/1.mp3"):
        assert real(os.fsencode(base / name)) == os.fsencode(base / "music/a/1.mp3")
    assert real(os.fsencode(base / "link/absent.mp3")) == os.fsencode(base / "music/absent.mp3")
    assert real(os.fsencode(base) + b"/link/..") == os.fsencode(base)
