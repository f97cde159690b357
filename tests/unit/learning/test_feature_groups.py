"""Feature groups of the shipped feature sets."""

from catalog.audio.feature_sets.musicnn import dimension_names
from catalog.audio.feature_sets.summary import SUMMARY
from catalog.learning.scoring.importance import columns_by_group, feature_group_of


def test_every_dimension_of_summary_has_a_group_with_a_name() -> None:
    groups = columns_by_group(SUMMARY.dimensions)
    assert sum(map(len, groups.values())) == len(SUMMARY.dimensions)
    assert len(groups["harmonic part (H)"]) == 7 * 128
    assert len(groups["harmonic and percussive share"]) == 2
    assert not any("_" in name for name in groups)


def test_groups_of_the_networks() -> None:
    groups = columns_by_group(dimension_names())
    assert {name: len(columns) for name, columns in groups.items()} == {
        "MSD penultimate": 200,
        "MSD tags": 50,
        "MTT penultimate": 200,
        "MTT tags": 50,
    }


def test_an_unknown_group_is_named_by_its_first_part() -> None:
    assert feature_group_of("flux.mean.01") == "flux"
    assert feature_group_of("flux") == "flux"
