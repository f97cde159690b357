"""Untagged tracks answered by their album's mean, where the out-of-fold score chose that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest
import sqlalchemy as sa

from catalog.db.database import Database
from catalog.db.derived.track_status import track_status_differences
from catalog.db.tables import album, prediction, track, track_descriptor
from catalog.learning.fitting.album_score import AlbumScore
from catalog.learning.prediction.fill_predictions import fill_predictions
from catalog.learning.registry.registry import update_metrics
from catalog.learning.training import train
from catalog.learning.training_options import TrainingOptions
from tests.integration.labeled_collection import Filled

Fill = Callable[..., Filled]
SCORE = AlbumScore(12, 40, None, None, "arithmetic", 0.3, "album", "chosen for the test")


def rows(database: Database, model_id: int) -> dict[int, tuple[str, float]]:
    with database.read() as connection:
        query = sa.select(prediction.c.track_id, prediction.c.unit, prediction.c.probability_1)
        found = connection.execute(query.where(prediction.c.model_id == model_id)).all()
    return {row.track_id: (row.unit, row.probability_1) for row in found}


def test_an_albums_untagged_tracks_are_answered_alike(
    database: Database, fill_labeled: Fill, tmp_path: Path
) -> None:
    filled = fill_labeled()
    together, speech = filled.tracks[None][:3], filled.tracks[None][3]
    with database.write() as connection:
        disc = connection.execute(
            sa.insert(album).values(key="disc", title="Disc", folded="disc").returning(album.c.id)
        ).scalar_one()
        connection.execute(sa.update(track).where(track.c.id.in_([*together, speech])).values(album_id=disc))
        connection.execute(sa.insert(track_descriptor).values(track_id=speech, speech_probability=0.9))
    model_id = train(database, tmp_path, TrainingOptions(feature_sets=("blobs",))).model_id
    assert model_id is not None
    before = rows(database, model_id)
    assert {unit for unit, _ in before.values()} == {"track"}
    with database.write() as connection:
        update_metrics(connection, model_id, by_album=asdict(SCORE), predicted_from=None)
    assert fill_predictions(database, tmp_path, model_id) == 3
    after = rows(database, model_id)
    assert [after[track_id][0] for track_id in together] == ["album"] * 3
    mean = sum(before[track_id][1] for track_id in together) / 3
    assert [after[track_id][1] for track_id in together] == pytest.approx([mean] * 3, abs=1e-5)
    assert {track_id: row for track_id, row in after.items() if track_id not in together} == {
        track_id: row for track_id, row in before.items() if track_id not in together
    }
    with database.read() as connection:
        assert track_status_differences(connection) == 0
