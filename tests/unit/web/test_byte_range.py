"""The ranges that browsers ask for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.web.media.byte_range import ByteRange, RangeNotSatisfiableError, read_range


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("bytes=0-", ByteRange(0, 100)),
        ("bytes=10-19", ByteRange(10, 20)),
        ("bytes=10-1000", ByteRange(10, 100)),
        ("bytes=-10", ByteRange(90, 100)),
        ("bytes=-1000", ByteRange(0, 100)),
        ("bytes = 5 - 6", ByteRange(5, 7)),
        (None, None),
        ("", None),
        ("bytes=-", None),
        ("bytes=20-10", None),
        ("bytes=0-1,5-6", None),
        ("seconds=1-2", None),
        ("bytes=\u0663-", None),
    ],
)
def test_ranges(header: str | None, found: ByteRange | None) -> None:
    assert read_range(header, 100) == found


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=100-200", "bytes=-0"])
def test_behind_the_end(header: str) -> None:
    with pytest.raises(RangeNotSatisfiableError):
        read_range(header, 100)


@given(st.text(alphabet="bytes=-0123456789, ", max_size=50), st.integers(1, 10**9))
def test_whatever_is_asked_for_lies_inside(header: str, length: int) -> None:
    try:
        found = read_range(header, length)
    except RangeNotSatisfiableError:
        return
    assert found is None or 0 <= found.begin < found.end <= length
