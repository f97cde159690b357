"""Tracks without a genre that the model knows: of a genre outside it, talk, silence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

from catalog.db.database import Database
from catalog.db.tables import prediction, track_descriptor, track_status
from catalog.features.stored_feature_set import register_feature_set
from catalog.features.vectors import store_vector
from catalog.learning.prediction.fill_predictions import fill_predictions
from catalog.learning.registry.artifact import load_artifact, save_artifact
from catalog.learning.registry.registry import get_model
from catalog.learning.scoring.model_metrics import metrics_of
from catalog.learning.training import train
from catalog.learning.training_options import TrainingOptions
from catalog.report.model_card import read_card, render_card
from catalog.report.score_report import score_report
from tests.integration.labeled_collection import BLOBS, DIMENSIONS, Filled

Fill = Callable[..., Filled]
GENRES = ("Jazz", "Metal", "Ambient", "Classical", "Techno")
BLOBS_ONLY = TrainingOptions(feature_sets=("blobs",))


def suggested(database: Database, model_id: int) -> dict[int, int | None]:
    with database.read() as connection:
        query = sa.select(prediction.c.track_id, prediction.c.suggested_genre_id)
        rows = connection.execute(query.where(prediction.c.model_id == model_id)).all()
    return {row.track_id: row.suggested_genre_id for row in rows}


def test_what_resembles_no_genre_is_unknown_and_says_so_in_sql(
    database: Database, fill_labeled: Fill, tmp_path: Path
) -> None:
    filled = fill_labeled(GENRES, untagged=6)
    foreign = filled.tracks[None][:6]
    generator = np.random.default_rng(3)
    with database.write() as connection:
        recipe = register_feature_set(connection, BLOBS)
        for track_id in foreign:
            vector = generator.normal(0, 0.6, DIMENSIONS)
            vector[len(GENRES) + 2] += 3.0  # as far from the mean as any genre is, where none is
            store_vector(connection, recipe, track_id, vector.astype(np.float32))
    report = train(database, tmp_path, BLOBS_ONLY)
    assert report.model_id is not None
    answers = suggested(database, report.model_id)
    assert sum(answers[track_id] is None for track_id in foreign) >= 5
    known = filled.tracks[None][6:]
    assert sum(answers[track_id] is not None for track_id in known) >= 0.8 * len(known)
    with database.read() as connection:
        shown = connection.execute(
            sa.select(track_status.c.suggested_genre_id).where(track_status.c.track_id.in_(foreign))
        ).scalars()
        assert sum(one is None for one in shown) >= 5
    novelty = report.metrics.novelty
    assert novelty.held_back is not None
    assert novelty.held_back_by_probability_alone is not None
    assert novelty.least_resemblance is not None
    assert novelty.held_back >= novelty.held_back_by_probability_alone
    assert -1 <= novelty.least_resemblance <= 1


@pytest.mark.parametrize("described", [{"speech_probability": 0.9}, {"loudness": -72.0}])
def test_talk_and_near_silence_have_no_genre(
    database: Database, fill_labeled: Fill, tmp_path: Path, described: dict[str, float]
) -> None:
    filled = fill_labeled()
    model_id = train(database, tmp_path / "before", BLOBS_ONLY).model_id
    assert model_id is not None
    answers = suggested(database, model_id)
    plain, tagged = (
        next(track_id for track_id in filled.tracks[name] if answers[track_id] is not None)
        for name in (None, "Jazz")
    )
    with database.write() as connection:
        for track_id in (plain, tagged):
            connection.execute(sa.insert(track_descriptor).values(track_id=track_id, **described))
    model_id = train(database, tmp_path / "after", replace(BLOBS_ONLY, force=True)).model_id
    assert model_id is not None
    answers = suggested(database, model_id)
    assert answers[plain] is None
    assert answers[tagged] is None
    assert sum(one is not None for one in answers.values()) > len(answers) // 2


def test_music_heard_as_talk_is_missing_in_the_score_as_it_is_in_the_suggestions(
    database: Database, fill_labeled: Fill, tmp_path: Path
) -> None:
    filled = fill_labeled()
    before = train(database, tmp_path / "before", BLOBS_ONLY)
    with database.write() as connection:
        for track_id in filled.tracks["Jazz"]:
            connection.execute(sa.insert(track_descriptor).values(track_id=track_id, speech_probability=0.9))
    after = train(database, tmp_path / "after", replace(BLOBS_ONLY, force=True))
    assert after.model_id is not None
    answers = suggested(database, after.model_id)
    tagged = [track_id for name, ids in filled.tracks.items() if name for track_id in ids]
    members = [track_id for track_id in tagged if track_id in answers]
    given = sum(answers[track_id] is not None for track_id in members)
    assert after.metrics.share_answered * after.metrics.tracks == pytest.approx(given)
    assert after.metrics.share_answered < before.metrics.share_answered
    assert after.metrics.artist_aware.share_answered < before.metrics.artist_aware.share_answered
    assert after.metrics.hierarchical.suggested.recall < before.metrics.hierarchical.suggested.recall
    assert after.metrics.accuracy == before.metrics.accuracy


def test_a_stored_model_keeps_its_resemblances(
    database: Database, fill_labeled: Fill, tmp_path: Path
) -> None:
    fill_labeled(GENRES)
    model_id = train(database, tmp_path, BLOBS_ONLY).model_id
    assert model_id is not None
    with database.read() as connection:
        row = get_model(connection, model_id)
    model = load_artifact(tmp_path, row["artifact"], row["artifact_sha256"])
    X = np.random.default_rng(0).normal(0, 2, (20, DIMENSIONS)).astype(np.float32)
    assert model.novelty is not None
    assert model.threshold.resemblance == row["metrics"]["novelty"]["least_resemblance"]
    name, digest = save_artifact(tmp_path, model)
    again = load_artifact(tmp_path, name, digest)
    before, after = model.resemblance(X), again.resemblance(X)
    assert before is not None
    assert after is not None
    assert np.array_equal(before, after)


def test_the_shares_that_predictions_are_corrected_by_are_kept_and_can_be_switched_off(
    database: Database, fill_labeled: Fill, tmp_path: Path
) -> None:
    fill_labeled(untagged=20)
    model_id = train(database, tmp_path, BLOBS_ONLY).model_id
    assert model_id is not None

    def shares() -> dict[str, Any]:
        with database.read() as connection:
            found: dict[str, Any] = get_model(connection, model_id)["metrics"]["priors"]
        return found

    chosen = shares()
    assert chosen["corrected"] == (chosen["macro_f1"]["corrected"] >= chosen["macro_f1"]["uncorrected"])
    assert chosen["macro_f1"]["tracks"] == 54
    assert sum(one["untagged"] for one in chosen["genres"]) == pytest.approx(1, abs=1e-3)
    fill_predictions(database, tmp_path, model_id, with_priors=False)
    off = shares()
    assert not off["corrected"]
    assert off["reason"] == "it was switched off"
    assert off["macro_f1"] is None
    assert all(one["training"] == one["untagged"] for one in off["genres"])


def test_probabilities_are_not_corrected_where_that_would_cost_rare_genres(
    database: Database, fill_labeled: Fill, tmp_path: Path
) -> None:
    """Tracks that hardly differ, of which the untagged sound like one genre: correcting would say that one of all."""
    filled = fill_labeled(artists=10, untagged=20, spread=4.0)
    random = np.random.default_rng(8)
    with database.write() as connection:
        recipe = register_feature_set(connection, BLOBS)
        for track_id in filled.tracks[None]:
            vector = random.normal(0, 4.0, DIMENSIONS)
            vector[0] += 9.0
            store_vector(connection, recipe, track_id, vector.astype(np.float32))
    model_id = train(database, tmp_path, BLOBS_ONLY).model_id
    assert model_id is not None
    with database.read() as connection:
        metrics = metrics_of(get_model(connection, model_id))
        card = " ".join(render_card(read_card(connection, model_id)).split())
    assert metrics is not None
    found = metrics.priors
    assert "<dd>off <span" in card
    assert found.macro_f1.corrected < found.macro_f1.uncorrected
    assert not found.corrected
    assert found.reason.startswith("it would lower the macro F1 of the tagged tracks")
    assert found.genres[0].untagged > found.genres[0].training
    assert any("off: macro F1 of tagged tracks" in line for line in score_report(metrics))
    told = prediction.c.suggested_by, prediction.c.probability_1
    with database.read() as connection:
        rows = connection.execute(sa.select(*told).where(prediction.c.fold.is_(None))).all()
    fill_predictions(database, tmp_path, model_id, with_priors=False)
    with database.read() as connection:
        assert connection.execute(sa.select(*told).where(prediction.c.fold.is_(None))).all() == rows
