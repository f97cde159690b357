"""`confusion_count` against counts in Python."""

from __future__ import annotations

from collections import Counter

import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.db import tables as t
from catalog.db.database import Database
from catalog.db.derived.confusion import confusion_differences, refresh_confusion
from tests.integration.db.track_status_model import (
    FIRST,
    GENRES,
    ToyCatalog,
    ToyPrediction,
    insert_rows,
    write_catalog,
)

SLOW_FIXTURES = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@settings(max_examples=30, deadline=None, suppress_health_check=SLOW_FIXTURES)
@given(
    members=st.dictionaries(st.integers(0, 7), st.sampled_from(GENRES)),
    predictions=st.dictionaries(
        st.integers(0, 7),
        st.builds(
            ToyPrediction, st.none() | st.sampled_from(GENRES), st.none(), st.none() | st.integers(0, 4)
        ),
    ),
)
def test_out_of_fold_predictions_are_counted(
    database: Database, members: dict[int, str], predictions: dict[int, ToyPrediction]
) -> None:
    ids = {name: FIRST + number for number, name in enumerate(GENRES)}
    names = {key: name for name, key in ids.items()}
    with database.writer.connect() as connection, connection.begin() as transaction:
        write_catalog(connection, ToyCatalog([None] * 8, predictions=predictions))
        frozen = {"hash": "h", "level": "leaf", "parameters": {}, "tracks": 1, "classes": 1, "groups": 1}
        connection.execute(sa.insert(t.snapshot).values(id=FIRST, **frozen))
        rows = [
            {
                "snapshot_id": FIRST,
                "track_id": FIRST + track,
                "genre_id": ids[genre],
                "group_id": 0,
                "fold": 0,
            }
            for track, genre in members.items()
        ]
        insert_rows(connection, t.snapshot_member, rows)
        connection.execute(sa.update(t.model).values(snapshot_id=FIRST))
        refresh_confusion(connection, FIRST)
        counted = {
            (names[row.tagged_genre_id], names[row.predicted_genre_id]): row.tracks
            for row in connection.execute(sa.select(t.confusion_count))
        }
        expected = Counter(
            (members[track], prediction.first)
            for track, prediction in predictions.items()
            if track in members and prediction.fold is not None and prediction.first is not None
        )
        assert counted == expected
        assert confusion_differences(connection) == 0
        if counted:
            connection.execute(sa.update(t.confusion_count).values(tracks=t.confusion_count.c.tracks + 1))
            assert confusion_differences(connection) == 2 * len(counted)
        transaction.rollback()
