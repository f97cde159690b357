"""A class that vanishes through decisions is announced."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa

from catalog.db import tables as t
from catalog.db.database import Database
from catalog.learning.training import train
from catalog.learning.training_options import TrainingOptions
from catalog.review.decision import OpenSuspect, decide
from tests.integration.labeled_collection import Filled, fill_labeled

__all__ = ["fill_labeled"]

OPTIONS = TrainingOptions(feature_sets=("blobs",))


def test_a_class_without_enough_tracks_is_named(
    database: Database, fill_labeled: Callable[..., Filled], tmp_path: Path
) -> None:
    filled = fill_labeled()
    assert train(database, tmp_path, OPTIONS).vanished == ()
    with database.write() as connection:
        genres = dict(connection.execute(sa.select(t.genre.c.name, t.genre.c.id)).all())
        suspects = [OpenSuspect(track_id, genres["Ambient"]) for track_id in filled.tracks["Ambient"][:9]]
        decide(connection, suspects, "relabel", "ada", genre_id=genres["Jazz"])
    report = train(database, tmp_path, OPTIONS)
    [line] = report.vanished
    assert line.startswith("Ambient is no longer judged: 9 tracks by ")
    assert "needs 10 tracks" in line
    assert train(database, tmp_path, OPTIONS).vanished == report.vanished, "the next run says it too"
