"""Scores that need the database: doubted and corrected tags, the audit sample, several genres, near duplicates."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

from catalog.db.database import Database
from catalog.db.derived.track_status import refresh_track_status
from catalog.db.tables import (
    audit_sample,
    audit_sample_track,
    decision,
    genre,
)
from catalog.learning.training_options import TrainingOptions
from tests.integration.labeled_collection import Filled, tag

Fill = Callable[..., Filled]
WANTED = TrainingOptions(feature_sets=("blobs",))


def genre_id(connection: sa.Connection, name: str) -> int:
    return connection.execute(sa.select(genre.c.id).where(genre.c.name == name)).scalar_one()


def retag(database: Database, track_ids: list[int], name: str, source: str = "file") -> None:
    with database.write() as connection:
        for track_id in track_ids:
            tag(connection, track_id, genre_id(connection, name), name, source=source)
        refresh_track_status(connection, track_ids)


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
