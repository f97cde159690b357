"""Rows of `feature_set`: registration and the active version."""

from __future__ import annotations

import numpy as np

from catalog.audio.feature_set import FeatureSet
from catalog.db.database import Database
from catalog.features.stored_feature_set import (
    activate_feature_set,
    active_feature_set,
    find_feature_set,
    register_feature_set,
    tag_dimensions,
)


def features(version: int) -> FeatureSet:
    return FeatureSet("tiny", version, {}, ("msd.tag.piano", "x"), 8_000, lambda _: np.zeros(2, np.float32))


def test_a_feature_set_is_registered_once(database: Database) -> None:
    with database.write() as connection:
        assert active_feature_set(connection, "tiny") is None
        first = register_feature_set(connection, features(1))
        assert register_feature_set(connection, features(1)) == first
        assert find_feature_set(connection, features(1).hash) == first
        assert (first.name, first.version, first.active) == ("tiny", 1, True)
        assert first.dimensions == ("msd.tag.piano", "x")


def test_one_version_of_a_name_is_active(database: Database) -> None:
    with database.write() as connection:
        first = register_feature_set(connection, features(1))
        second = register_feature_set(connection, features(2))
        assert not second.active
        assert active_feature_set(connection, "tiny") == first
        activate_feature_set(connection, second)
        active = active_feature_set(connection, "tiny")
        assert active is not None
        assert active.id == second.id
        former = find_feature_set(connection, features(1).hash)
        assert former is not None
        assert not former.active


def test_tag_dimensions_are_found_by_name() -> None:
    names = ("msd.tag.female vocal", "mean.x", "mtt.tag.a.b")
    assert tag_dimensions(names) == {("msd", "female vocal"): 0, ("mtt", "a.b"): 2}
