"""What the tests of decisions read from a catalog with suspects."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.review.case_list import list_cases
from tests.integration.review.conftest import Doubted


def labels(connection: Connection, doubted: Doubted, title: str) -> list[str]:
    """The current genres of a track, by the view that everybody reads."""
    question = sa.text("SELECT genre FROM current_label WHERE track_id = :track ORDER BY rank")
    return list(connection.execute(question, {"track": doubted.tracks[title]}).scalars())


def open_tracks(connection: Connection) -> dict[str, int]:
    return {case.case_id: case.open_tracks for case in list_cases(connection).cases}
