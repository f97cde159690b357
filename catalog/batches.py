"""Long sequences in parts of a bounded size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")

IDS_PER_QUERY = 900
"""Ids in one `IN (...)`: SQLite allows 999 bind parameters in old builds."""


def chunks(items: Sequence[Item], size: int = IDS_PER_QUERY) -> Iterator[Sequence[Item]]:
    """Slices of at most `size` items, in order. Arrays are sliced without a copy."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Lists of at most `size` items, in order; at most one list is in memory."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
