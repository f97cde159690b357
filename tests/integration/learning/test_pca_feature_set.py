"""`pca`: fitted once, stored for every track, renewed where the sound changed; and models that fit their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from catalog.audio.feature_set import Waveform
from catalog.audio.feature_sets.grid import GRID
from catalog.db.database import Database
from catalog.db.tables import feature_set, feature_vector, model, track
from catalog.features.feature_set_versions import list_versions
from catalog.features.stored_feature_set import active_feature_set, register_feature_set
from catalog.features.vectors import load_matrix, store_vector
from catalog.learning.dataset.training_feature_sets import NoVectorsError
from catalog.learning.pca_feature_set import NothingToProjectError, project_grid
from catalog.learning.prediction.fill_predictions import fill_predictions
from catalog.learning.registry.artifact import ArtifactRejectedError
from catalog.learning.registry.registry import model_feature_sets
from catalog.learning.training import train
from catalog.learning.training_options import TrainingOptions
from tests.integration.labeled_collection import BLOBS, Filled

Fill = Callable[..., Filled]


@pytest.fixture
def filled(database: Database, fill_labeled: Fill) -> Filled:
    """A labeled collection, with vectors of `grid` that are those of `blobs` seen through a random lens."""
    found = fill_labeled(spread=0.3)
    lens = np.random.default_rng(1).normal(size=(len(BLOBS.dimensions), len(GRID.dimensions)))
    with database.write() as connection:
        blobs = active_feature_set(connection, "blobs")
        assert blobs is not None
        ids, matrix = load_matrix(connection, blobs)
        grid = register_feature_set(connection, GRID)
        for track_id, vector in zip(ids.tolist(), matrix @ lens, strict=True):
            store_vector(
                connection, grid, track_id, vector.astype(np.float32), file_signature=f"print {track_id}"
            )
    return found


def vectors(database: Database) -> dict[int, np.ndarray]:
    with database.read() as connection:
        recipe = active_feature_set(connection, "pca")
        assert recipe is not None
        ids, matrix = load_matrix(connection, recipe)
    return dict(zip(ids.tolist(), matrix, strict=True))


def test_without_grid_there_is_nothing_to_project(database: Database, tmp_path: Path) -> None:
    with pytest.raises(NothingToProjectError, match="catalog analyze --feature-set grid"):
        project_grid(database, tmp_path)
    with pytest.raises(NoVectorsError, match="by grid; run: catalog analyze --feature-set grid"):
        train(database, tmp_path, TrainingOptions(feature_sets=("pca",)))
    with database.write() as connection:
        register_feature_set(connection, GRID)
    with pytest.raises(NothingToProjectError, match="at least 8 tracks, and 0 were analyzed by grid"):
        project_grid(database, tmp_path)


def test_every_track_is_projected_once(database: Database, filled: Filled, tmp_path: Path) -> None:
    dry = project_grid(database, tmp_path, dry_run=True)
    count = sum(map(len, filled.tracks.values()))
    assert (dry.is_new, dry.projected) == (True, count)
    assert list(tmp_path.glob("*.npz")) == []
    seen = []
    report = project_grid(database, tmp_path, on_progress=lambda *now: seen.append(now))
    assert (report.hash, report.artifact, report.projected) == (dry.hash, dry.artifact, count)
    assert seen == [(count, count)]
    facts = report.facts
    assert facts.tracks == count
    assert facts.components <= min(len(BLOBS.dimensions), count // 4)
    assert facts.explained_variance > 0.97
    assert 0 < facts.held_out_tracks <= count // 4
    assert facts.held_out_explained_variance is not None
    assert 0.9 < facts.held_out_explained_variance <= 1
    with database.read() as connection:
        parameters = connection.execute(
            sa.select(feature_set.c.parameters).where(feature_set.c.hash == report.hash)
        ).scalar_one()
        grid = active_feature_set(connection, "grid")
        assert grid is not None
        original = load_matrix(connection, grid)[1]
    assert parameters["of"] == GRID.hash
    assert f"{parameters['artifact'][:16]}.npz" == report.artifact
    with np.load(tmp_path / report.artifact, allow_pickle=False) as file:
        restored = np.stack(list(vectors(database).values())) @ file["components"] + file["mean"]
    error = float(np.sqrt(np.square(restored - original).mean()))
    assert error == pytest.approx(facts.error, rel=1e-3)
    again = project_grid(database, tmp_path)
    assert (again.is_new, again.projected, again.hash) == (False, 0, report.hash)
    assert again.facts == facts


def test_what_is_new_or_changed_is_projected_by_the_same_projection(
    database: Database, filled: Filled, tmp_path: Path
) -> None:
    report = project_grid(database, tmp_path)
    before = vectors(database)
    first, second = sorted(before)[:2]
    with database.write() as connection:
        grid = register_feature_set(connection, GRID)
        loud = np.full(len(GRID.dimensions), -5, np.float32)
        store_vector(connection, grid, first, loud, file_signature="another")
        connection.execute(
            sa.delete(feature_vector).where(
                feature_vector.c.track_id == second, feature_vector.c.feature_set_id != grid.id
            )
        )
    again = project_grid(database, tmp_path)
    after = vectors(database)
    assert (again.hash, again.is_new, again.projected) == (report.hash, False, 2)
    assert not np.allclose(after[first], before[first])
    np.testing.assert_allclose(after[second], before[second], atol=1e-3)


def test_a_new_fit_is_another_version_beside_the_old_one(
    database: Database, filled: Filled, tmp_path: Path
) -> None:
    old = project_grid(database, tmp_path)
    with database.write() as connection:
        connection.execute(
            sa.delete(feature_vector).where(feature_vector.c.track_id == filled.tracks["Jazz"][0])
        )
    new = project_grid(database, tmp_path, refit=True)
    assert new.is_new
    assert new.hash != old.hash
    with database.read() as connection:
        listed = {
            each.hash: (each.active, each.tracks) for each in list_versions(connection) if each.name == "pca"
        }
    assert listed == {old.hash: (False, new.projected), new.hash: (True, new.projected)}
    (tmp_path / new.artifact).write_bytes(b"changed")
    with pytest.raises(ArtifactRejectedError, match="catalog features pca --refit"):
        project_grid(database, tmp_path)


def test_the_stored_vector_is_what_the_recipe_computes(
    database: Database, filled: Filled, tmp_path: Path
) -> None:
    from catalog.learning.pca_feature_set import FittedProjection, pca

    report = project_grid(database, tmp_path)
    fitted = FittedProjection.from_npz((tmp_path / report.artifact).read_bytes())
    assert fitted.to_npz() == (tmp_path / report.artifact).read_bytes()
    with database.read() as connection:
        recipe = active_feature_set(connection, "pca")
        assert recipe is not None
    features = pca(fitted, "0" * 64)
    vector = features.compute(
        Waveform(np.random.default_rng(0).normal(size=22_050).astype(np.float32), 22_050)
    )
    assert vector.dtype == np.float32
    assert vector.shape == (len(recipe.dimensions),)


def test_a_model_of_pca_takes_grid_and_fits_its_own_projection(
    database: Database, filled: Filled, tmp_path: Path
) -> None:
    report = train(database, tmp_path, TrainingOptions(feature_sets=("pca",), parameters={"C": 1.0}))
    assert report.outcome == "promoted"
    assert report.metrics.accuracy.value > 0.9
    with database.read() as connection:
        assert report.model_id is not None
        assert [recipe.name for recipe in model_feature_sets(connection, report.model_id)] == ["grid"]
        row = connection.execute(sa.select(model).where(model.c.id == report.model_id)).one()
    assert row.parameters["projection"] == {"variance": 0.97}
    again = train(database, tmp_path, TrainingOptions(feature_sets=("pca",), parameters={"C": 1.0}))
    assert (again.outcome, again.model_id) == ("unchanged", report.model_id)
    # The same vectors without the projection are another model.
    plain = train(database, tmp_path, TrainingOptions(feature_sets=("grid",), parameters={"C": 1.0}))
    assert plain.model_id != report.model_id


def test_the_model_in_force_is_compared_by_its_own_vectors(
    database: Database, filled: Filled, tmp_path: Path
) -> None:
    good = train(database, tmp_path, TrainingOptions(feature_sets=("blobs",)))
    with database.write() as connection:
        grid = register_feature_set(connection, GRID)
        random = np.random.default_rng(9)
        for (track_id,) in connection.execute(sa.select(track.c.id)).all():
            noise = random.normal(size=len(GRID.dimensions)).astype(np.float32)
            store_vector(connection, grid, track_id, noise, file_signature=f"print {track_id}")
    # The same algorithm with the same parameters, but it hears nothing but noise.
    wanted = TrainingOptions(feature_sets=("grid",))
    report = train(database, tmp_path, wanted)
    assert report.outcome == "rejected"
    assert f"the recipe of model {good.model_id} reaches" in report.reason
    with database.write() as connection:
        blobs = active_feature_set(connection, "blobs")
        assert blobs is not None
        connection.execute(
            sa.delete(feature_vector).where(
                feature_vector.c.feature_set_id == blobs.id,
                feature_vector.c.track_id.in_(filled.tracks["Jazz"][:6]),
            )
        )
    # Where some tracks lack the other vectors, the rest decides.
    assert train(database, tmp_path, replace(wanted, seed=1)).outcome == "rejected"
    with database.write() as connection:
        connection.execute(sa.delete(feature_vector).where(feature_vector.c.feature_set_id == blobs.id))
    assert train(database, tmp_path, replace(wanted, seed=2)).outcome == "promoted"
    assert good.model_id is not None
    assert fill_predictions(database, tmp_path, good.model_id) >= 0
