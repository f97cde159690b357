"""File names as text, and suffixes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.collection.naming.audio_extensions import AUDIO_SUFFIXES, is_audio, suffix_of
from catalog.collection.naming.paths import below, display_path, is_within


@given(st.binary())
def test_every_name_is_readable_on_one_line(name):
    text = display_path(name)
    text.encode("utf-8")
    assert len(text.splitlines()) <= 1
    assert "\0" not in text


def test_names_stay_what_they_are_where_they_are_utf8():
    assert display_path("Björk/Jóga · 久石.mp3".encode()) == "Björk/Jóga · 久石.mp3"
    assert display_path(b"caf\xe9\n.mp3") == "caf\\xe9\\x0a.mp3"


@pytest.mark.parametrize(
    ("name", "suffix"),
    [
        (b"a.MP3", ".mp3"),
        (b"a.b.flac", ".flac"),
        (b".mp3", ""),
        (b"mp3", ""),
        (b"a.", ""),
        (b"a.\xff\xfe", ""),
        (b"Mr. Robinson", ""),
        (b"a.mp+", ".mp+"),
        (b"a.b c", ".b c"),
    ],
)
def test_suffixes(name, suffix):
    assert suffix_of(name) == suffix
    assert is_audio(name) == (suffix in AUDIO_SUFFIXES)


def test_folders_hold_what_is_in_them():
    assert is_within(b"/music/rock", b"/music")
    assert is_within(b"/music", b"/music")
    assert not is_within(b"/music2", b"/music")
    assert is_within(b"/music", b"/")
    assert is_within(b"a/b", b"")
    assert below(b"/music/rock/x", b"/music") == b"rock/x"
    assert below(b"/music", b"/") == b"music"
    assert below(b"/music", b"/music") == b""
