"""Untrusted text, and numbers with their nouns."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.text import describe_duration, one_line, percent, pluralize, printable, sanitize, shorten

any_text = st.text(alphabet=st.characters(exclude_categories=[]))


@given(any_text)
def test_sanitized_text_can_be_stored(text: str) -> None:
    clean = sanitize(text)
    clean.encode("utf-8")
    assert sanitize(clean) == clean
    assert not any(unicodedata.category(character) in {"Cc", "Cs"} for character in clean)


def test_sanitize_replaces_controls_by_spaces() -> None:
    assert sanitize("\ufeff a\x00b \u202e c\n") == "a b c"


def test_printable_keeps_the_length() -> None:
    assert printable("a\x1b[31m\u202e") == "a\ufffd[31m\ufffd"
    assert printable("👩\u200d🎤") == "👩\u200d🎤"


@given(any_text, st.integers(1, 40))
def test_one_line_is_short(text: str, longest: int) -> None:
    line = one_line(text, longest)
    assert len(line) <= longest
    assert len(line.splitlines()) <= 1


def test_shorten_ends_with_an_ellipsis() -> None:
    assert shorten("abc", 3) == "abc"
    assert shorten("ab cd", 4) == "ab…"


def test_plurals() -> None:
    assert [pluralize(number, "track") for number in (0, 1, 2_000)] == ["0 tracks", "1 track", "2,000 tracks"]
    assert pluralize(2, "entry", "entries") == "2 entries"


@pytest.mark.parametrize(
    ("share", "text"),
    [(None, "\N{EN DASH}"), (0, "0 %"), (0.001, "<1 %"), (0.5, "50 %"), (0.999, ">99 %"), (1, "100 %")],
)
def test_percent(share: float | None, text: str) -> None:
    assert percent(share) == text.replace(" ", "\N{NO-BREAK SPACE}")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(45, "45 s"), (720, "12 min"), (7_200, "2 h"), (12_000, "3 h 20 min"), (187_200, "2 days 4 h")],
)
def test_durations(seconds: float, text: str) -> None:
    assert describe_duration(seconds) == text
