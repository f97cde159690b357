"""Texts, years and numbers in tag values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.collection.naming.tag_values import number_of, text_of, year_of


@given(st.one_of(st.text(), st.binary(), st.integers()))
def test_values_of_every_kind_give_text_a_year_and_a_number_or_none(value):
    text = text_of(value)
    assert text is None or (text.encode("utf-8") and len(text) <= 500 and "\0" not in text)
    year, number = year_of(value), number_of(value)
    assert year is None or 1000 <= year <= 2099
    assert number is None or 1 <= number <= 99_999


@pytest.mark.parametrize(
    ("date", "year"),
    [("1999", 1999), ("1999-05-03", 1999), ("19990503", 1999), ("03.05.1999", 1999), ("0000", None), ("99", None),
     ("2150", None), ("(c) 1987 Band", 1987), ("", None)],
)  # fmt: skip
def test_years(date, year):
    assert year_of(date) == year


@pytest.mark.parametrize(
    ("written", "number"), [("3", 3), ("03/12", 3), ("0", None), ("A1", None), ("123456", None)]
)
def test_track_numbers(written, number):
    assert number_of(written) == number
