"""Training, the gate, the registry and predictions on a real database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from catalog.db.database import Database
from catalog.db.derived.confusion import confusion_differences
from catalog.db.derived.track_status import track_status_differences
from catalog.db.tables import genre, model, prediction, snapshot_member, track, track_status
from catalog.learning.classifiers import UnknownClassifierError, UnknownParameterError
from catalog.learning.dataset.snapshot import ClassRule
from catalog.learning.dataset.training_feature_sets import NoVectorsError, UnknownFeatureSetError
from catalog.learning.prediction.fill_predictions import fill_predictions
from catalog.learning.registry.artifact import ArtifactRejectedError
from catalog.learning.registry.registry import active_model, changed_since_training, previous_model, promote
from catalog.learning.training import options_of_active_model, train
from catalog.learning.training_options import TrainingOptions
from catalog.learning.training_set import build_training_set
from tests.integration.labeled_collection import Filled, tag

WANTED = TrainingOptions(feature_sets=("blobs",))
Fill = Callable[..., Filled]


def active_status(database: Database) -> list[tuple[int, str]]:
    with database.read() as connection:
        return [
            tuple(row)
            for row in connection.execute(sa.select(model.c.id, model.c.status).order_by(model.c.id))
        ]


def test_training_predicts_every_track_and_is_done_once(
    database: Database, fill_labeled: Fill, tmp_path: Path
) -> None:
    filled = fill_labeled()
    report = train(database, tmp_path, WANTED)
    assert report.outcome == "promoted"
    assert report.metrics.accuracy.value > 0.9 > report.metrics.baselines.majority.value
    with database.read() as connection:
        rows = connection.execute(sa.select(prediction).where(prediction.c.model_id == report.model_id)).all()
        names = dict(connection.execute(sa.select(genre.c.id, genre.c.name)).all())
        by_track = {row.track_id: row for row in rows}
        assert len(by_track) == sum(len(ids) for ids in filled.tracks.values())
        for name, ids in filled.tracks.items():
            for track_id in ids:
                assert (by_track[track_id].fold is None) == (name is None)
        heard = [names[by_track[track_id].genre_1_id] for track_id in filled.tracks[None]]
        assert heard == filled.heard_as
        assert track_status_differences(connection) == 0
        assert confusion_differences(connection) == 0
    again = train(database, tmp_path, WANTED)
    assert (again.outcome, again.model_id) == ("unchanged", report.model_id)
    assert again.model_id is not None
    assert fill_predictions(database, tmp_path, again.model_id) == 0


def test_no_artist_is_on_both_sides(database: Database, fill_labeled: Fill, tmp_path: Path) -> None:
    fill_labeled()
    train(database, tmp_path, WANTED)
    with database.read() as connection:
        folds = connection.execute(
            sa.select(track.c.artist_id, sa.func.count(snapshot_member.c.fold.distinct()))
            .join_from(snapshot_member, track, track.c.id == snapshot_member.c.track_id)
            .group_by(track.c.artist_id)
        ).all()
    assert folds
    assert all(count == 1 for _, count in folds)


def test_same_labels_and_seed_give_the_same_predictions(
    database: Database, fill_labeled: Fill, tmp_path: Path
) -> None:
    fill_labeled()
    columns = [prediction.c.track_id, prediction.c.genre_1_id, prediction.c.probability_1, prediction.c.fold]
    seen = []
    for _ in range(2):
        report = train(database, tmp_path, replace(WANTED, force=True))
        with database.read() as connection:
            query = sa.select(*columns).where(prediction.c.model_id == report.model_id).order_by(columns[0])
            seen.append([tuple(row) for row in connection.execute(query)])
    assert seen[0] == seen[1]


def test_new_labels_make_a_new_model_and_rollback_brings_the_old_one_back(
    database: Database, fill_labeled: Fill, tmp_path: Path
) -> None:
    filled = fill_labeled()
    first = train(database, tmp_path, WANTED)
    with database.write() as connection:
        jazz = connection.execute(sa.select(genre.c.id).where(genre.c.name == "Jazz")).scalar_one()
        for track_id in filled.tracks["Metal"][:2]:
            tag(connection, track_id, jazz, "Jazz", source="person")
    with database.write() as connection:
        from catalog.db.derived.track_status import refresh_track_status

        refresh_track_status(connection, filled.tracks["Metal"][:2])
    with database.read() as connection:
        assert changed_since_training(connection, build_training_set(connection, WANTED).snapshot) == 2
        # Where nothing can be learned any more all that was learned from has gone: silence would hide lost tags.
        assert changed_since_training(connection, None) == first.metrics.tracks
    second = train(database, tmp_path, WANTED)
    assert second.outcome == "promoted"
    assert active_status(database) == [(first.model_id, "retired"), (second.model_id, "active")]
    with database.write() as connection:
        promote(connection, previous_model(connection)["id"])
    assert active_status(database) == [(first.model_id, "active"), (second.model_id, "retired")]
    with database.read() as connection:
        assert track_status_differences(connection) == 0


def test_a_candidate_that_was_not_finished_is_finished(
    database: Database, fill_labeled: Fill, tmp_path: Path
) -> None:
    fill_labeled()
    report = train(database, tmp_path, WANTED)
    assert report.metrics is not None
    with database.write() as connection:
        metrics = replace(report.metrics, predicted_from=None)
        connection.execute(sa.update(model).values(status="candidate", metrics=metrics.to_json()))
        connection.execute(sa.delete(prediction).where(prediction.c.fold.is_(None)))
    again = train(database, tmp_path, WANTED)
    assert (again.outcome, again.model_id) == ("promoted", report.model_id)
    with database.read() as connection:
        assert (
            connection.execute(
                sa.select(sa.func.count())
                .select_from(track_status)
                .where(track_status.c.predicted_genre.is_(None))
            ).scalar_one()
            == 0
        )


def test_a_worse_recipe_does_not_replace_the_one_in_force(
    database: Database, fill_labeled: Fill, tmp_path: Path
) -> None:
    fill_labeled(spread=1.3)
    first = train(database, tmp_path, WANTED)
    hopeless = replace(WANTED, parameters={"C": 1e-9})
    worse = train(database, tmp_path, hopeless)
    assert worse.outcome == "rejected"
    assert "macro F1" in worse.reason
    assert active_status(database) == [(first.model_id, "active"), (worse.model_id, "rejected")]
    with database.read() as connection:
        assert confusion_differences(connection) == 0
    forced = train(database, tmp_path, replace(hopeless, force=True))
    assert forced.outcome == "promoted"
    assert "macro F1" in str(forced.metrics.forced)
    with database.read() as connection:
        assert options_of_active_model(connection, WANTED).parameters["C"] == 1e-9


def test_genres_without_enough_artists_are_not_judged(
    database: Database, fill_labeled: Fill, tmp_path: Path
) -> None:
    fill_labeled(artists=4)
    report = train(database, tmp_path, WANTED)
    assert report.outcome == "nothing to learn"
    assert report.model_id is None
    assert {row.reason for row in report.support.values() if row.own_tracks} == {
        "12 tracks by 4 artists; needs 5 artists"
    }
    lenient = replace(WANTED, rule=ClassRule(10, 4, "leaf"))
    assert train(database, tmp_path, lenient).outcome == "promoted"


def test_a_changed_artifact_is_refused_and_the_active_model_stays(
    database: Database, fill_labeled: Fill, tmp_path: Path
) -> None:
    fill_labeled()
    report = train(database, tmp_path, WANTED)
    assert report.model_id is not None
    (artifact,) = tmp_path.glob("*.skops")
    artifact.write_bytes(artifact.read_bytes()[:-1] + b"x")
    with pytest.raises(ArtifactRejectedError, match="was changed since it was written"):
        fill_predictions(database, tmp_path, report.model_id)
    artifact.unlink()
    with pytest.raises(ArtifactRejectedError, match="cannot be read"):
        fill_predictions(database, tmp_path, report.model_id)
    with database.read() as connection:
        row = active_model(connection)
        assert row is not None
        assert row["id"] == report.model_id
    assert train(database, tmp_path, WANTED).outcome == "promoted"


@pytest.mark.parametrize(
    ("wanted", "error"),
    [
        (TrainingOptions(feature_sets=("blobs",), algorithm="oracle"), UnknownClassifierError),
        (TrainingOptions(feature_sets=("blobs",), parameters={"depth": 3}), UnknownParameterError),
        (TrainingOptions(feature_sets=("summary",)), NoVectorsError),
        (TrainingOptions(feature_sets=("never-computed",)), UnknownFeatureSetError),
    ],
)
def test_what_cannot_be_trained_is_said_before_any_work(
    database: Database, fill_labeled: Fill, tmp_path: Path, wanted: TrainingOptions, error: type[Exception]
) -> None:
    fill_labeled()
    with pytest.raises(error):
        train(database, tmp_path, wanted)
    assert active_status(database) == []


def test_a_track_that_lost_its_vector_loses_its_prediction(
    database: Database, fill_labeled: Fill, tmp_path: Path
) -> None:
    filled = fill_labeled()
    report = train(database, tmp_path, WANTED)
    gone = filled.tracks[None][0]
    with database.write() as connection:
        connection.execute(sa.update(track).where(track.c.id == gone).values(state="missing"))
    assert report.model_id is not None
    assert fill_predictions(database, tmp_path, report.model_id) == 1
    with database.read() as connection:
        assert gone not in set(
            connection.execute(
                sa.select(prediction.c.track_id).where(prediction.c.model_id == report.model_id)
            ).scalars()
        )
