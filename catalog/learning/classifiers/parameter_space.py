"""Parameters of a classifier: default, allowed values, and the values that a search tries."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class AllowedValues:
    """The values that a parameter may have."""

    description: str
    contain: Callable[[Any], bool]

    def or_null(self, meaning: str) -> "AllowedValues":
        """The same values and null, with the meaning of null."""
        return AllowedValues(
            f"{self.description}, or null: {meaning}", lambda value: value is None or self.contain(value)
        )


@dataclass(frozen=True)
class Parameter:
    """A parameter of a classifier."""

    default: Any
    allowed: AllowedValues
    tries: tuple[Any, ...] = ()
    """The values that a search tries; () for a parameter that is not searched."""


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


ABOVE_ZERO = AllowedValues("a number above 0", lambda value: _is_number(value) and 0 < value < float("inf"))
SHARE = AllowedValues("a number above 0, at most 1", lambda value: _is_number(value) and 0 < value <= 1)
COUNT = AllowedValues("a whole number above 0", lambda value: _is_integer(value) and value > 0)


def integer(least: int, most: int) -> AllowedValues:
    """The integers from `least` to `most`, both included."""
    return AllowedValues(
        f"a whole number from {least:,} to {most:,}",
        lambda value: _is_integer(value) and least <= value <= most,
    )


def choice(*words: str) -> AllowedValues:
    """The given words."""
    return AllowedValues(" or ".join(words), lambda value: isinstance(value, str) and value in words)
