"""Messages of `catalog ingest`."""

from __future__ import annotations

from pathlib import Path

import pytest

from catalog.audit.duplicates.duplicate_audit import DuplicateAudit
from catalog.cli.ingest.ingest_output import IngestPresenter
from catalog.pipeline.ingest import Deduplicated
from catalog.settings import Settings
from catalog.similarity.duplicates import Pair
from catalog.text import describe_duration


@pytest.mark.parametrize(
    ("pairs", "differing", "said"),
    [
        (0, 0, []),
        (1, 0, ["1 pair of tracks may be the same recording; see: catalog audit duplicates"]),
        (
            2,
            1,
            [
                "2 pairs of tracks may be the same recording, 1 with different genres; see: catalog audit duplicates"
            ],
        ),
    ],
)
def test_duplicates_are_one_line_where_there_are_any(
    tmp_path: Path, pairs: int, differing: int, said: list[str]
) -> None:
    found = [Pair(1, other + 2, "same_audio", 1.0) for other in range(pairs)]
    presenter = IngestPresenter(Settings(home=tmp_path, database_url="sqlite://", redis_url="embedded"))
    assert list(presenter.lines(Deduplicated(DuplicateAudit(1, True, 5, found, differing, [])))) == said
    assert presenter.summary["duplicates"] == {"pairs": pairs, "differing": differing}


def test_durations_have_two_units_at_most() -> None:
    assert [describe_duration(seconds) for seconds in (45, 720, 12_000, 187_200)] == [
        "45 s",
        "12 min",
        "3 h 20 min",
        "2 days 4 h",
    ]
