"""Spellings of paths, and paths relative to a root."""

import pytest

from catalog.collection.path_matching import _in_root, _spellings


@pytest.mark.parametrize(
    ("spelling", "folder", "expected"),
    [
        (b"a/1.mp3", None, b"a/1.mp3"),
        (b"1.mp3", b"/music/a", b"a/1.mp3"),
        (b"../b/1.mp3", b"/music/a", b"b/1.mp3"),
        (b"/music/a/1.mp3", None, b"a/1.mp3"),
        (b"../1.mp3", None, None),
        (b"/other/1.mp3", None, None),
    ],
)
def test_a_path_is_relative_to_the_root_or_outside(spelling, folder, expected):
    assert _in_root(spelling, b"/music", folder) == expected


def test_slashes_unicode_forms_and_escaped_bytes_are_tried():
    assert b"a/1.mp3" in set(_spellings("a\\1.mp3"))
    assert {"é.mp3".encode(), "e\u0301.mp3".encode()} <= set(_spellings("é.mp3"))
    assert b"\xe9.mp3" in set(_spellings("\\xe9.mp3"))
