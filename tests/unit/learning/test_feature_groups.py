"""Families of dimensions, and which of them say the same."""

import numpy as np
import pytest

from catalog.audio.feature_sets.musicnn import dimension_names
from catalog.audio.feature_sets.summary import SUMMARY
from catalog.learning.scoring.feature_groups import families, family_of, hsic, redundant_groups


def test_every_dimension_of_summary_has_a_family_with_a_name() -> None:
    found = families(SUMMARY.dimensions)
    assert sum(map(len, found.values())) == len(SUMMARY.dimensions)
    assert len(found["harmonic part (H)"]) == 7 * 128
    assert len(found["harmonic and percussive share"]) == 2
    assert not any("_" in name for name in found)


def test_families_of_the_networks() -> None:
    found = families(dimension_names())
    assert {name: len(columns) for name, columns in found.items()} == {
        "MSD penultimate": 200,
        "MSD tags": 50,
        "MTT penultimate": 200,
        "MTT tags": 50,
    }


def test_an_unknown_family_is_called_by_its_first_part() -> None:
    assert family_of("flux.mean.01") == "flux"
    assert family_of("flux") == "flux"


def test_families_that_say_the_same_are_one_group_whatever_their_units_and_width() -> None:
    random = np.random.default_rng(0)
    loudness = random.normal(size=(60, 3))
    bands = np.exp(loudness @ random.normal(size=(3, 40)))  # another unit, more dimensions than tracks
    rhythm = random.normal(size=(60, 80))
    X = np.hstack([loudness, bands, rhythm])
    columns = [np.arange(3), np.arange(3, 43), np.arange(43, 123)]
    assert sorted(redundant_groups(X, columns, threshold=0.6)) == [[0, 1], [2]]
    assert sorted(redundant_groups(X, columns, threshold=0.9999)) == [[0], [1], [2]]
    assert redundant_groups(X[:3], columns) == [[0], [1], [2]]


@pytest.mark.parametrize("width", [2, 500])
def test_families_that_have_nothing_in_common_do_not_agree_whatever_their_width(width: int) -> None:
    random = np.random.default_rng(1)

    def gram() -> np.ndarray:
        X = random.normal(size=(80, width))
        X -= X.mean(axis=0)
        product = X @ X.T
        np.fill_diagonal(product, 0)
        return product

    one, other = gram(), gram()
    assert hsic(one, one) == pytest.approx(1)
    assert abs(hsic(one, other)) < 0.1


def test_a_family_of_constants_agrees_with_nothing() -> None:
    X = np.hstack([np.ones((20, 2)), np.random.default_rng(2).normal(size=(20, 2))])
    assert redundant_groups(X, [np.arange(2), np.arange(2, 4)]) == [[0], [1]]
