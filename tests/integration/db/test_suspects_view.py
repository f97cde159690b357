"""The view `suspects` shows the newest decision that was not undone, once."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from catalog.db import tables as t
from catalog.db.database import Database
from tests.integration.conftest import DAY, Sample, insert


@pytest.mark.parametrize(
    ("verdicts", "undone", "expected"),
    [
        ([], [], None),
        (["keep"], [], "keep"),
        (["keep", "accept"], [], "accept"),
        (["keep", "accept"], [1], "keep"),
        (["keep", "accept"], [0], "accept"),
        (["keep", "accept", "unsure"], [2, 0], "accept"),
        (["keep", "accept"], [0, 1], None),
    ],
)
def test_the_newest_decision_that_was_not_undone(
    database: Database, sample: Sample, verdicts: list[str], undone: list[int], expected: str | None
) -> None:
    track = sample.tracks["Dew"]
    fields: dict[str, Any] = {"track_id": track, "reviewer": "ada", "decided_at": DAY, "source": "queue"}
    with database.write() as connection:
        decisions = [
            insert(connection, t.decision, verdict=verdict, genre_id=sample.genres["Jazz"], **fields)
            for verdict in verdicts
        ]
        for place in undone:
            # With or without a genre: an undo is never the verdict shown.
            insert(
                connection,
                t.decision,
                verdict="undo",
                undoes_id=decisions[place],
                genre_id=sample.genres["Jazz"] if place else None,
                **fields,
            )
        insert(connection, t.decision, verdict="keep", genre_id=sample.genres["Rock"], **fields)
        suspects = sa.table("suspects", sa.column("track_id"), sa.column("decision"))
        found = connection.execute(sa.select(suspects.c.decision).where(suspects.c.track_id == track)).all()
    assert [row.decision for row in found] == [expected]
