from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from catalog.report.formatting import abbreviate, display_name, safe_text
from catalog.text import percent


@given(st.text(alphabet=st.characters(exclude_categories=[])))
def test_clean_text_is_one_short_line_that_can_be_written(text):
    shown = safe_text(text)
    assert len(shown) <= 120
    assert not any(unicodedata.category(character) in {"Cc", "Cs", "Cn"} for character in shown)
    assert len(shown.splitlines()) <= 1
    shown.encode("utf-8")


def test_clean_keeps_scripts_and_emoji_and_drops_overrides():
    assert safe_text("مرحبا \u202egnp.3pm") == "مرحبا gnp.3pm"
    assert safe_text("👩\u200d🎤") == "👩\u200d🎤"
    assert safe_text("a\x00b\x1b[31m") == "a\ufffdb\ufffd[31m"
    assert safe_text("line\nbreak\u2028there") == "line break there"
    assert safe_text(None) == ""


def test_a_long_title_is_cut():
    assert safe_text("x" * 10_000) == "x" * 119 + "…"


def test_a_track_is_named_by_as_much_as_is_known():
    plain = {ord("\u2068"): None, ord("\u2069"): None}
    assert display_name("A", "T", "p/f.mp3").translate(plain) == "A \N{EN DASH} T"
    assert display_name("A", None, "p/f.mp3").translate(plain) == "A \N{EN DASH} f.mp3"
    assert display_name(None, "\x1f", None).translate(plain) in {"no title", "\ufffd"}
    assert display_name(None, None, None) == "no title"


@given(st.floats(0, 1))
def test_only_all_is_100_percent_and_only_nothing_is_0(share):
    shown = percent(share)
    assert (shown == "100\u00a0%") == (share == 1)
    assert (shown == "0\u00a0%") == (share == 0)


def test_short_numbers():
    numbers = (0, 999, 1_000, 1_240, 9_960, 34_000, 999_600, 5_600_000, 2_000_000_000)
    assert [abbreviate(number) for number in numbers] == [
        "0",
        "999",
        "1.0k",
        "1.2k",
        "10k",
        "34k",
        "1.0M",
        "5.6M",
        "2.0G",
    ]


@given(st.integers(0, 10**12))
def test_short_numbers_are_short(number):
    assert len(abbreviate(number)) <= 5
