"""Which values a parameter of a classifier may have."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Values:
    """Which values a parameter may have."""

    words: str
    hold: Callable[[Any], bool]

    def or_null(self, meaning: str) -> "Values":
        """The same, and null, which means something of its own."""
        return Values(f"{self.words}, or null: {meaning}", lambda value: value is None or self.hold(value))


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


ABOVE_ZERO = Values("a number above 0", lambda value: _is_number(value) and 0 < value < float("inf"))
SHARE = Values("a number above 0, at most 1", lambda value: _is_number(value) and 0 < value <= 1)
COUNT = Values("a whole number above 0", lambda value: _is_whole(value) and value > 0)


def integer(least: int, most: int) -> Values:
    """A whole number between two others, both included."""
    return Values(
        f"a whole number from {least:,} to {most:,}",
        lambda value: _is_whole(value) and least <= value <= most,
    )


def choice(*words: str) -> Values:
    """One of a few words."""
    return Values(" or ".join(words), lambda value: isinstance(value, str) and value in words)
