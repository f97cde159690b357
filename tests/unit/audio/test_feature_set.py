"""Recipes, waveforms, failures and the registry: what everything else in the room is built on."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.audio.audio_error import AudioError
from catalog.audio.feature_set import FeatureSet, Waveform


def recipe(**changes):
    fields: dict[str, Any] = {
        "name": "mean",
        "version": 1,
        "parameters": {"a": 1, "b": [1, 2]},
        "dimensions": ("x",),
        "sample_rate": 8_000,
        "compute": lambda waveform: waveform.samples[:1],
    }
    return FeatureSet(**(fields | changes))


def test_the_hash_is_over_name_version_and_parameters_and_nothing_else():
    same = [
        recipe(),
        recipe(parameters={"b": [1, 2], "a": 1}),
        recipe(dimensions=("y",), sample_rate=1, compute=np.asarray, libraries=("scipy",)),
    ]
    other = [
        recipe(name="x"),
        recipe(version=2),
        recipe(parameters={"a": 1, "b": [2, 1]}),
        recipe(parameters={}),
    ]
    assert {each.hash for each in same} == {recipe().hash}
    assert len({each.hash for each in [*same, *other]}) == 1 + len(other)


def test_the_hash_never_changes_by_itself():
    assert recipe().hash == "1e4a16a0d28a431922c43777e7756fa4"


@given(
    st.dictionaries(st.text(), st.integers() | st.text() | st.booleans() | st.lists(st.text()), max_size=4)
)
def test_the_hash_does_not_depend_on_the_order_of_parameters(parameters):
    turned = dict(reversed(parameters.items()))
    assert recipe(parameters=parameters).hash == recipe(parameters=turned).hash


def test_a_recipe_does_not_change_with_the_mapping_it_was_made_of():
    parameters = {"a": 1}
    made = recipe(parameters=parameters)
    parameters["a"] = 2
    assert made.parameters == {"a": 1}
    with pytest.raises(TypeError):
        made.parameters["a"] = 2


def test_what_cannot_be_a_recipe():
    with pytest.raises(ValueError, match="two dimensions"):
        recipe(dimensions=("x", "x"))
    with pytest.raises(TypeError):
        recipe(parameters={"a": object()})
    with pytest.raises(ValueError, match="unknown descriptor tempo or dimension y"):
        recipe(descriptors={"tempo": "y"})
    with pytest.raises(ValueError, match="unknown descriptor weight"):
        recipe(descriptors={"weight": "x"})
    with pytest.raises(ValueError, match="JSON"):
        recipe(parameters={"a": float("nan")})


def test_descriptors_are_read_out_of_the_vector():
    described = recipe(dimensions=("x", "y"), descriptors={"tempo": "y"})
    assert described.describe(np.array([1, 90], np.float32)) == {"tempo": 90.0}
    assert recipe().describe(np.array([1], np.float32)) == {}
    assert described.hash == recipe().hash


def test_a_waveform_is_mono_float32():
    assert Waveform(np.zeros(4_000, np.float32), 8_000).seconds == 0.5
    invalid: list[tuple[Any, int]] = [
        (np.zeros(4), 8),
        (np.zeros((2, 2), np.float32), 8),
        (np.zeros(4, np.float32), 0),
    ]
    for samples, rate in invalid:
        with pytest.raises(ValueError):
            Waveform(samples, rate)


def fail():
    raise AudioError("empty", "the file is empty")
