"""Placeholders are found where they are placeholders, and nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.db.query.bind_parameters import number_placeholders, placeholders

NO_PLACEHOLDERS = [
    "SELECT 1",
    "':name'",
    "'it''s :name'",
    '":name"',
    '"a""b:name"',
    "`:name`",
    "-- :name\n",
    "-- :name",
    "/* :name \n :other */",
    "x::text",
    "a[1:2]",
    "E'it\\'s :name'",
    "$$ :name $$",
    "$tag$ :name $$ :name $tag$",
    "12:30",
    "a:b",
    " , ",
]
NAMES = st.from_regex(r"[a-z_][a-z0-9_]{0,12}", fullmatch=True)


@pytest.mark.parametrize("text", NO_PLACEHOLDERS)
def test_what_only_looks_like_one(text: str) -> None:
    assert placeholders(text) == []
    assert number_placeholders(text).text == text


def test_names_come_once_and_in_order() -> None:
    numbered = number_placeholders("SELECT :b, ':a', :a::int, :b WHERE x = :b")
    assert numbered.names == ("b", "a")
    assert numbered.text == "SELECT $1, ':a', $2::int, $1 WHERE x = $1"


@given(st.lists(st.sampled_from(NO_PLACEHOLDERS) | NAMES.map(lambda name: f":{name}"), max_size=12))
def test_any_mixture(pieces: list[str]) -> None:
    names = [piece[1:] for piece in pieces if piece not in NO_PLACEHOLDERS]
    # A new line ends a comment, so that each piece stands by itself.
    question = "\n".join(pieces)
    numbered = number_placeholders(question)
    assert numbered.names == tuple(dict.fromkeys(names))
    back = numbered.text
    for place in range(len(numbered.names), 0, -1):
        back = back.replace(f"${place}", f":{numbered.names[place - 1]}")
    assert back == question


@given(
    st.lists(st.sampled_from(NO_PLACEHOLDERS) | NAMES.map(lambda name: f":{name}"), max_size=8),
    st.text("xyz ", max_size=9),
)
def test_places_are_those_of_the_question_as_it_was_asked(pieces: list[str], rest: str) -> None:
    question = "\n".join([*pieces, "HERE", rest])
    numbered = number_placeholders(question)
    assert numbered.original(numbered.text.index("HERE")) == question.index("HERE")


@given(st.text())
def test_any_text_is_taken(text: str) -> None:
    numbered = number_placeholders(text)
    assert len(placeholders(text)) == len(numbered.names)
    assert numbered.original(0) == 0
