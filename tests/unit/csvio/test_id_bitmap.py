"""A set of ids behaves as a set."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from catalog.csvio.id_bitmap import IdBitmap


@given(st.lists(st.integers(0, 100_000)))
def test_add_returns_whether_the_id_is_new(numbers: list[int]) -> None:
    ids, expected = IdBitmap(), set()
    for number in numbers:
        assert ids.add(number) == (number not in expected)
        expected.add(number)
