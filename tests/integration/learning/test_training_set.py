"""Groups of a training set."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa

from catalog.db.database import Database
from catalog.db.tables import (
    feature_vector,
    snapshot_member,
    track,
)
from catalog.learning.training import train
from catalog.learning.training_options import TrainingOptions
from catalog.learning.training_set import build_training_set
from tests.integration.labeled_collection import Filled

Fill = Callable[..., Filled]
WANTED = TrainingOptions(feature_sets=("blobs",))


def test_two_encodings_of_one_recording_are_never_apart(
    database: Database, fill_labeled: Fill, tmp_path: Path
) -> None:
    filled = fill_labeled()
    one, other = filled.tracks["Jazz"][0], filled.tracks["Jazz"][-1]
    with database.write() as connection:
        vector = connection.execute(
            sa.select(feature_vector.c.vector).where(feature_vector.c.track_id == one)
        ).scalar_one()
        connection.execute(
            sa.update(feature_vector).where(feature_vector.c.track_id == other).values(vector=vector)
        )
        connection.execute(sa.update(track).values(duration=200 + 7 * track.c.id))
    with database.read() as connection:
        apart = build_training_set(connection, WANTED).snapshot
    with database.write() as connection:
        connection.execute(sa.update(track).where(track.c.id.in_([one, other])).values(duration=200.5))
    train(database, tmp_path, WANTED)
    with database.read() as connection:
        groups = dict(
            connection.execute(sa.select(snapshot_member.c.track_id, snapshot_member.c.group_id)).all()
        )
    assert apart is not None
    assert groups[one] == groups[other]
    assert len(set(groups.values())) == len(apart.groups.sizes) - 1
