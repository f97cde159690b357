"""Chunks of sequences and batches of iterators."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from catalog.batches import batches, chunks


@given(st.lists(st.integers()), st.integers(1, 10))
def test_parts_are_bounded_and_in_order(items: list[int], size: int) -> None:
    for parts in (list(chunks(items, size)), list(batches(iter(items), size))):
        assert [item for part in parts for item in part] == items
        assert all(1 <= len(part) <= size for part in parts)


def test_arrays_are_sliced_without_a_copy() -> None:
    array = np.arange(5)
    assert all(np.shares_memory(part, array) for part in chunks(array, 2))


def test_only_one_batch_is_read_ahead() -> None:
    taken: list[int] = []

    def numbers() -> Iterator[int]:
        for number in range(10):
            taken.append(number)
            yield number

    assert next(batches(numbers(), 3)) == [0, 1, 2]
    assert taken == [0, 1, 2]
