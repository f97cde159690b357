"""Candidates: each once, each usable, the same for the same seed."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.learning.classifiers import ALGORITHMS, Algorithm
from catalog.learning.classifiers.parameter_space import AllowedValues, Parameter
from catalog.learning.search.candidates import (
    TooManyCandidatesError,
    default_candidates,
    grid_candidates,
    random_candidates,
)

ANYTHING = AllowedValues("anything", lambda _value: True)
SETS = ("blobs",)


def algorithm_with(name: str, **space: tuple[object, ...]) -> Algorithm:
    return Algorithm(
        name=name,
        make=lambda *_arguments: pytest.fail("nothing is made of a candidate before it is tried"),
        parameters=MappingProxyType(
            {parameter: Parameter(values[0], ANYTHING, values) for parameter, values in space.items()}
        ),
    )


ONE = algorithm_with("one", a=(1, 2, 3), b=("x", "y"))
OTHER = algorithm_with("other", c=(0.1, 0.2))
PLAIN = algorithm_with("plain")


def test_a_grid_holds_every_combination_once_and_begins_with_the_defaults() -> None:
    found = grid_candidates([ONE, OTHER, PLAIN], SETS)
    assert [one.algorithm for one in found] == ["one"] * 6 + ["other"] * 2 + ["plain"]
    assert len({one.key for one in found}) == 9
    assert found[0].parameters == {"a": 1, "b": "x"}
    assert {(one.parameters["a"], one.parameters["b"]) for one in found[:6]} == {
        (a, b) for a in (1, 2, 3) for b in "xy"
    }


def test_defaults_that_the_space_does_not_hold_come_on_top() -> None:
    algorithm = algorithm_with("one", a=(1, 2))
    apart = replace(algorithm, parameters={"a": Parameter(7, ANYTHING, (1, 2))})
    assert [one.parameters["a"] for one in grid_candidates([apart], SETS)] == [7, 1, 2]


def test_a_grid_without_end_is_refused_before_it_is_made() -> None:
    endless = algorithm_with("endless", **{f"p{number}": tuple(range(10)) for number in range(12)})
    with pytest.raises(TooManyCandidatesError, match="1,000,000,000,000 candidates"):
        grid_candidates([endless], SETS)


def test_what_is_drawn_takes_turns() -> None:
    found = random_candidates([ONE, OTHER, PLAIN], SETS, 5, seed=0)
    assert [one.algorithm for one in found] == ["one", "other", "plain", "one", "other"]
    assert [dict(one.parameters) for one in found[:3]] == [ONE.complete(), OTHER.complete(), {}]


@given(st.integers(1, 30), st.integers(0, 2**32 - 1))
def test_what_is_drawn_is_of_the_grid_and_never_twice(number: int, seed: int) -> None:
    everything = {one.key for one in grid_candidates([ONE, OTHER, PLAIN], SETS)}
    found = random_candidates([ONE, OTHER, PLAIN], SETS, number, seed=seed)
    keys = [one.key for one in found]
    assert len(set(keys)) == len(keys) == min(number, len(everything))
    assert set(keys) <= everything
    assert keys == [one.key for one in random_candidates([ONE, OTHER, PLAIN], SETS, number, seed=seed)]


def test_another_seed_draws_others() -> None:
    wide = algorithm_with("wide", a=tuple(range(50)), b=tuple(range(50)))
    first, second = (
        {one.key for one in random_candidates([wide], SETS, 20, seed=seed)}
        - {default_candidates([wide], [SETS])[0].key}
        for seed in (0, 1)
    )
    assert first != second


def test_the_order_of_parameters_makes_no_other_candidate() -> None:
    first = default_candidates([ONE], [SETS])[0]
    turned = type(first)(first.algorithm, dict(reversed(list(first.parameters.items()))), SETS)
    assert first.key == turned.key


@pytest.mark.parametrize("name", sorted(ALGORITHMS))
def test_every_value_of_a_search_space_is_one_that_the_parameter_may_have(name: str) -> None:
    algorithm = ALGORITHMS[name]
    assert len(random_candidates([algorithm], SETS, 50, seed=0)) >= 1
    for parameter, values in algorithm.search_space.items():
        for value in values:
            algorithm.complete({parameter: value})
