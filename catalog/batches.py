"""Long sequences in parts of a bounded size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Protocol, Self, TypeVar


class Sliceable(Protocol):
    """A list, tuple or array."""

    def __len__(self) -> int:
        """The number of items."""

    def __getitem__(self, part: slice, /) -> Self:
        """The items of a slice, in the same type."""


Item = TypeVar("Item")
Items = TypeVar("Items", bound=Sliceable)

IDS_PER_QUERY = 900
"""Ids in one `IN (...)`: SQLite allows 999 bind parameters in old builds."""


def chunks(items: Items, size: int = IDS_PER_QUERY) -> Iterator[Items]:
    """Slices of at most `size` items, in order. Arrays are sliced without a copy."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Lists of at most `size` items, in order; at most one list is in memory."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
