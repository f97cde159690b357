import numpy as np
import pytest

from catalog.audio.feature_sets.musicnn import dimension_names
from catalog.genres.seeds import seeds
from catalog.learning.fitting.musicnn_tag_map import tag_map


def test_every_genre_is_one_of_the_vocabularys_and_may_be_suggested():
    suggestable = {seed.name for seed in seeds() if seed.suggest}
    assert set(tag_map().genres) <= suggestable


def test_the_reference_holds_every_tag_of_both_networks_and_nothing_else():
    tags = {name for name in dimension_names() if ".tag." in name}
    assert set(tag_map().reference) == tags
    assert len(tags) == 100
    assert all(0.0 < mean < 1.0 for mean in tag_map().reference.values())


def test_music_at_large_has_no_evidence_but_the_prior():
    tags = {tag: np.array([mean]) for tag, mean in tag_map().reference.items()}
    for name, genre in tag_map().genres.items():
        assert tag_map().log_evidence(name, tags) == pytest.approx(np.log(genre.prior), abs=1e-5)


def test_of_a_combination_every_group_must_be_there():
    tags = {tag: np.array([mean, mean, mean]) for tag, mean in tag_map().reference.items()}
    tags["msd.tag.dance"] = tags["msd.tag.dance"] * [9, 9, 1]
    tags["msd.tag.70s"] = tags["msd.tag.70s"] * [9, 1, 1]
    both, one, none = tag_map().log_evidence("Disco", tags)
    assert both > one > none


def test_a_tag_of_nought_is_no_evidence_and_stays_finite():
    tags = {tag: np.array([0.0]) for tag in tag_map().reference}
    assert np.isfinite(tag_map().log_evidence("Jazz", tags)).all()
