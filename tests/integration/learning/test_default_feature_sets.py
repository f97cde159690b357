"""What is computed and learned from where nobody names a feature set, on a real database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from catalog.audio.feature_set import FeatureSet
from catalog.db.database import Database
from catalog.db.tables import feature_vector
from catalog.features.stored_feature_set import register_feature_set
from catalog.features.vectors import store_vector
from catalog.learning.registry import default_feature_sets as default_feature_sets_module
from catalog.learning.registry.default_feature_sets import default_feature_sets, feature_sets_to_compute
from catalog.learning.training import train
from catalog.learning.training_options import TrainingOptions
from tests.integration.labeled_collection import Filled

BESIDE = FeatureSet(
    name="summary",
    version=1,
    parameters={},
    dimensions=("tempo",),
    sample_rate=22_050,
    compute=lambda _waveform: np.zeros(1, np.float32),
)
Fill = Callable[..., Filled]


@pytest.fixture
def filled(database: Database, fill_labeled: Fill, monkeypatch: pytest.MonkeyPatch) -> Filled:
    """Tracks of three genres and untagged ones with vectors of `blobs`, the main one here, and all with `summary`."""
    monkeypatch.setattr(default_feature_sets_module, "PRIMARY", "blobs")
    monkeypatch.setattr(default_feature_sets_module, "DEFAULTS", ("blobs", "summary"))
    found = fill_labeled()
    _hear(database, [one for ids in found.tracks.values() for one in ids])
    return found


def _hear(database: Database, track_ids: list[int]) -> None:
    with database.write() as connection:
        recipe = register_feature_set(connection, BESIDE)
        for track_id in track_ids:
            store_vector(connection, recipe, track_id, np.array([track_id % 7], np.float32))


def _usual(database: Database) -> tuple[str, ...]:
    with database.read() as connection:
        return default_feature_sets(connection)


def test_both_are_learned_from_where_tagged_tracks_have_both(
    database: Database, filled: Filled, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _usual(database) == ("blobs", "summary")
    monkeypatch.setattr(default_feature_sets_module, "MAX_TRACKS_FOR_BOTH", 5)
    assert _usual(database) == ("blobs",)


def test_untagged_tracks_may_lack_one_and_tagged_ones_may_not(database: Database, filled: Filled) -> None:
    untagged = filled.tracks[None]
    tagged = [one for name, ids in filled.tracks.items() if name is not None for one in ids]
    columns = feature_vector.c
    with database.write() as connection:
        recipe = register_feature_set(connection, BESIDE)
        of_beside = sa.delete(feature_vector).where(columns.feature_set_id == recipe.id)
        connection.execute(of_beside.where(columns.track_id.in_(untagged)))
    assert _usual(database) == ("blobs", "summary")
    with database.write() as connection:
        connection.execute(of_beside.where(columns.track_id.in_(tagged[: len(tagged) // 20 + 1])))
    assert _usual(database) == ("blobs",)


def test_an_empty_catalog_learns_from_the_main_one_and_computes_both(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _usual(database) == ("musicnn",)
    with database.read() as connection:
        assert feature_sets_to_compute(connection) == ("musicnn", "summary")
        assert feature_sets_to_compute(connection, ("grid",)) == ("musicnn", "grid")
        assert feature_sets_to_compute(connection, ("musicnn",)) == ("musicnn",)


def test_new_tracks_need_what_the_trained_model_learned_from(
    database: Database, filled: Filled, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        default_feature_sets_module, "available_feature_sets", lambda: frozenset({"summary", "grid"})
    )
    assert train(database, tmp_path, TrainingOptions(feature_sets=("summary", "blobs"))).outcome == "promoted"
    with database.read() as connection:
        # `blobs` is the main one; were it not, it would be left out, as nothing installed computes it.
        assert feature_sets_to_compute(connection) == ("blobs", "summary")
        assert feature_sets_to_compute(connection, ("grid",)) == ("blobs", "summary", "grid")
    only = replace(TrainingOptions(), feature_sets=("blobs",), force=True)
    assert train(database, tmp_path, only).outcome == "promoted"
    with database.read() as connection:
        assert feature_sets_to_compute(connection) == ("blobs",)
