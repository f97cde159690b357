"""Allowed values of parameters."""

import pytest

from catalog.learning.classifiers.parameter_space import ABOVE_ZERO, COUNT, SHARE, choice, integer


@pytest.mark.parametrize(
    ("allowed", "inside", "outside"),
    [
        (ABOVE_ZERO, [0.1, 5], [0, -1, True, "1", None, float("inf"), float("nan")]),
        (SHARE, [0.1, 1], [0, 1.1, True]),
        (COUNT, [1, 10**9], [0, 1.0, True]),
        (integer(2, 4), [2, 3, 4], [1, 5, 3.0]),
        (choice("none", "weights"), ["none", "weights"], ["all", None, ["none"]]),
        (SHARE.or_null("all of them"), [None, 0.5], [0, "null"]),
    ],
)
def test_allowed_values(allowed, inside, outside):
    assert all(allowed.contain(value) for value in inside)
    assert not any(allowed.contain(value) for value in outside)


def test_descriptions():
    assert integer(1, 2000).description == "a whole number from 1 to 2,000"
    assert choice("none", "weights").description == "none or weights"
    assert SHARE.or_null("all of them").description == "a number above 0, at most 1, or null: all of them"
