"""Tracks of audit samples are excluded from training, and their verdicts are labels."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

from catalog.db.database import Database
from catalog.db.tables import (
    audit_sample,
    audit_sample_track,
    decision,
    genre,
)
from catalog.learning.dataset.exclusion import sample_labels, sampled_tracks
from catalog.learning.training_options import TrainingOptions
from catalog.learning.training_set import build_training_set
from tests.integration.labeled_collection import Filled

Fill = Callable[..., Filled]
WANTED = TrainingOptions(feature_sets=("blobs",))


def genre_id(connection: sa.Connection, name: str) -> int:
    return connection.execute(sa.select(genre.c.id).where(genre.c.name == name)).scalar_one()


def draw_sample(database: Database, track_ids: list[int], verdict: str | None = "keep") -> None:
    with database.write() as connection:
        sample = connection.execute(
            sa.insert(audit_sample)
            .values(seed=0, tracks=len(track_ids), overlap=0, parameters={})
            .returning(audit_sample.c.id)
        ).scalar_one()
        for position, track_id in enumerate(track_ids):
            connection.execute(
                sa.insert(audit_sample_track).values(
                    audit_sample_id=sample, track_id=track_id, position=position, weight=1.0, overlap=False
                )
            )
            if verdict is not None:
                connection.execute(
                    sa.insert(decision).values(
                        track_id=track_id, verdict=verdict, reviewer="me", source="sample", blind=True
                    )
                )


def test_no_model_learns_from_a_track_of_the_audit_sample(database: Database, fill_labeled: Fill) -> None:
    filled = fill_labeled()
    drawn = sorted([filled.tracks["Jazz"][0], filled.tracks["Metal"][4]])
    draw_sample(database, drawn, verdict=None)
    with database.read() as connection:
        assert sampled_tracks(connection).tolist() == drawn
        frozen = build_training_set(connection, WANTED).snapshot
        assert sample_labels(connection)[0].size == 0
    assert frozen is not None
    assert len(frozen.track_ids) == 54 - 2
    assert not set(drawn) & set(frozen.track_ids.tolist())


def test_an_undone_or_open_decision_judges_nothing(database: Database, fill_labeled: Fill) -> None:
    filled = fill_labeled()
    kept, unsure, undone = filled.tracks["Jazz"][:3]
    draw_sample(database, [kept, undone])
    draw_sample(database, [unsure], verdict="unsure")
    with database.write() as connection:
        first = connection.execute(sa.select(decision.c.id).where(decision.c.track_id == undone)).scalar_one()
        connection.execute(
            sa.insert(decision).values(
                track_id=undone, verdict="undo", reviewer="me", source="sample", undoes_id=first
            )
        )
        jazz = genre_id(connection, "Jazz")
        ids, genres = sample_labels(connection)
    assert (ids.tolist(), genres.tolist()) == ([kept], [jazz])
