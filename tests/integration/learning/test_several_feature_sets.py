"""Models of several feature sets side by side, on a real database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from catalog.audio.feature_set import FeatureSet
from catalog.db.database import Database
from catalog.db.tables import feature_vector, model_feature_set, prediction, snapshot_member
from catalog.features.stored_feature_set import active_feature_set, register_feature_set
from catalog.features.vectors import load_matrix, store_vector
from catalog.learning.dataset.feature_matrix import load_feature_matrix
from catalog.learning.dataset.training_feature_sets import NoVectorsError
from catalog.learning.prediction.fill_predictions import fill_predictions
from catalog.learning.registry.artifact import load_artifact
from catalog.learning.registry.registry import get_model, model_feature_sets
from catalog.learning.training import options_of_active_model, train
from catalog.learning.training_options import TrainingOptions, UnusableFeatureSetsError
from catalog.learning.training_set import build_training_set
from tests.integration.labeled_collection import Filled

NOISE = FeatureSet(
    name="noise",
    version=1,
    parameters={},
    dimensions=tuple(f"noise.{number}" for number in range(30)),
    sample_rate=16_000,
    compute=lambda _waveform: np.zeros(30, np.float32),
)
BOTH = TrainingOptions(feature_sets=("noise", "blobs"))
Fill = Callable[..., Filled]


@pytest.fixture
def filled(database: Database, fill_labeled: Fill) -> Filled:
    """Genres around centers in `blobs`, and `noise` that tells nothing; the first track of each genre lacks noise."""
    found = fill_labeled()
    random = np.random.default_rng(4)
    without = {ids[0] for ids in found.tracks.values()}
    with database.write() as connection:
        recipe = register_feature_set(connection, NOISE)
        for track_id in sorted({one for ids in found.tracks.values() for one in ids} - without):
            store_vector(connection, recipe, track_id, random.normal(size=30).astype(np.float32))
    return found


def test_blocks_stand_side_by_side_for_the_tracks_that_have_all(database: Database, filled: Filled) -> None:
    every = [one for ids in filled.tracks.values() for one in ids]
    with database.read() as connection:
        recipes = [active_feature_set(connection, name) for name in ("noise", "blobs")]
        noise, blobs = (recipe for recipe in recipes if recipe is not None)
        ids, matrix = load_feature_matrix(connection, (noise, blobs), every)
        noise_ids, of_noise = load_matrix(connection, noise, every)
        _, of_blobs = load_matrix(connection, blobs, noise_ids)
        again, reversed_blocks = load_feature_matrix(connection, (blobs, noise), every)
        alone_ids, alone = load_feature_matrix(connection, (blobs,), every)
    assert len(ids) == len(every) - len(filled.tracks)
    assert ids.tolist() == again.tolist() == noise_ids.tolist()
    assert matrix.dtype == np.float32
    np.testing.assert_array_equal(matrix, np.hstack([of_noise, of_blobs]))
    np.testing.assert_array_equal(reversed_blocks, np.hstack([of_blobs, of_noise]))
    assert (len(alone_ids), alone.shape[1]) == (len(every), 12)


def test_a_model_of_two_feature_sets_is_trained_kept_and_asked(
    database: Database, filled: Filled, tmp_path: Path
) -> None:
    report = train(database, tmp_path, replace(BOTH, algorithm="stack"))
    assert report.outcome == "promoted"
    assert report.model_id is not None
    assert report.metrics.accuracy.value > 0.9
    with database.read() as connection:
        assert [recipe.name for recipe in model_feature_sets(connection, report.model_id)] == [
            "noise",
            "blobs",
        ]
        positions = connection.execute(
            sa.select(model_feature_set.c.position).order_by(model_feature_set.c.position)
        ).scalars()
        assert positions.all() == [0, 1]
        row = get_model(connection, report.model_id)
        recipes = model_feature_sets(connection, report.model_id)
        members = connection.execute(sa.select(snapshot_member.c.track_id)).scalars().all()
        untagged = filled.tracks[None]
        ids, X = load_feature_matrix(connection, recipes, untagged)
        stored = dict(
            connection.execute(
                sa.select(prediction.c.track_id, prediction.c.probability_1).where(
                    prediction.c.track_id.in_(ids.tolist())
                )
            ).all()
        )
        again = options_of_active_model(connection, TrainingOptions(feature_sets=("blobs",)))
    assert not set(members) & {tracks[0] for tracks in filled.tracks.values()}
    answerer = load_artifact(tmp_path, row["artifact"], row["artifact_sha256"])
    assert answerer.probability(X).shape == (len(untagged) - 1, 3)
    assert set(stored) == set(ids.tolist())
    assert again.feature_sets == ("noise", "blobs")
    assert train(database, tmp_path, again).outcome == "unchanged"
    assert fill_predictions(database, tmp_path, report.model_id) == 0


def test_new_vectors_of_any_of_its_feature_sets_are_new_to_a_model(
    database: Database, filled: Filled, tmp_path: Path
) -> None:
    report = train(database, tmp_path, BOTH)
    assert report.model_id is not None
    silent = filled.tracks[None][0]
    with database.write() as connection:
        noise = active_feature_set(connection, "noise")
        assert noise is not None
        store_vector(connection, noise, silent, np.zeros(30, np.float32))
    assert fill_predictions(database, tmp_path, report.model_id) > 0
    with database.read() as connection:
        assert connection.execute(
            sa.select(prediction.c.probability_1).where(prediction.c.track_id == silent)
        ).scalar_one()


def test_the_gate_compares_models_of_different_feature_sets(
    database: Database, filled: Filled, tmp_path: Path
) -> None:
    good = train(database, tmp_path, BOTH)
    deaf = train(database, tmp_path, replace(BOTH, feature_sets=("noise",), algorithm="knn"))
    assert deaf.outcome == "rejected"
    assert f"model {good.model_id}" in deaf.reason
    other_order = train(database, tmp_path, replace(BOTH, feature_sets=("blobs", "noise")))
    assert other_order.outcome == "promoted"
    assert other_order.model_id != good.model_id


def test_what_is_refused_before_work_starts(database: Database, filled: Filled, tmp_path: Path) -> None:
    with pytest.raises(UnusableFeatureSetsError, match="the feature set blobs is named twice"):
        TrainingOptions(feature_sets=("blobs", "blobs"))
    with pytest.raises(UnusableFeatureSetsError, match="pca cannot be combined with other feature sets"):
        TrainingOptions(feature_sets=("pca", "blobs"))
    with pytest.raises(NoVectorsError, match="no track was analyzed by grid"):
        train(database, tmp_path, replace(BOTH, feature_sets=("blobs", "grid")))


def test_no_track_with_all_vectors_is_nothing_to_learn_from(database: Database, filled: Filled) -> None:
    with database.write() as connection:
        noise = active_feature_set(connection, "noise")
        assert noise is not None
        connection.execute(sa.delete(feature_vector).where(feature_vector.c.feature_set_id == noise.id))
        material = build_training_set(connection, BOTH)
    assert material.snapshot is None
    assert material.reason
