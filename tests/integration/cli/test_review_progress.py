"""`catalog review sample` and `catalog review progress`."""

from __future__ import annotations

import json
from typing import Any

import pytest
import sqlalchemy as sa

from catalog.db import tables as t
from catalog.db.database import Database
from catalog.report.executive_summary import read_executive_summary
from tests.integration.review.conftest import Doubted


def listed(invoke: Any, *arguments: str) -> dict[str, int]:
    done = invoke("review", "list", "--json", *arguments)
    assert done.code == 0, done.err
    return {each["case_id"]: each["open_tracks"] for each in json.loads(done.out)}


@pytest.mark.parametrize("arguments", [["sample", "4", "--overlap", "5"], ["sample", "0"]])
def test_slips_in_the_sample_are_usage_errors(invoke: Any, doubted: Doubted, arguments: list[str]) -> None:
    assert invoke("review", *arguments).code == 2


def test_a_small_sample_overlaps_as_far_as_it_goes(invoke: Any, doubted: Doubted) -> None:
    plan = invoke("review", "sample", "4", "--dry-run")
    assert plan.code == 0
    assert plan.out.startswith(
        "would draw 4 tracks at random to be judged without seeing their tags; two reviewers judge 4 of them\n"
    )
    assert "catalog review serve" not in plan.out


def test_a_sample_of_nearly_all_says_so_and_its_suspects_are_not_taken_for_decided(
    invoke: Any, doubted: Doubted
) -> None:
    drawn = invoke("review", "sample", "100", "--overlap", "0")
    assert "they are excluded from training" in drawn.err
    assert listed(invoke) == {}
    told = invoke("review", "progress").out
    assert "0 cases open with 0 tracks; 6 more in the audit sample\n" in told
    assert told.endswith(
        "judge the audit sample, which contains all remaining suspects (6): catalog review serve\n"
    )


def test_sample_and_progress(invoke: Any, doubted: Doubted) -> None:
    plan = invoke("review", "sample", "4", "--overlap", "2", "--dry-run")
    assert "two reviewers judge 2 of them" in plan.out
    before = invoke("review", "progress")
    assert before.out.splitlines() == [
        "0 tracks decided",
        "3 cases open with 6 tracks",
        "continue: 6 suspects left",
    ]
    # Before the sample is drawn: what it holds is in no case until it was judged blind.
    invoke("review", "accept", "red", "--reviewer", "ada")
    invoke("review", "keep", "old", "--reviewer", "bob")
    assert json.loads(invoke("review", "sample", "4", "--overlap", "2", "--json").out)["closes"] is None
    assert "closed sample 1" in invoke("review", "sample", "4", "--overlap", "2", "--seed", "1").err
    told = invoke("review", "progress")
    assert "4 tracks decided in 2 cases: 3 corrected, 1 kept" in told.out
    assert "  ada: 3 tracks, 3 wrong tags corrected\n" in told.out
    assert (
        "flagged tags that were wrong: 75\N{NO-BREAK SPACE}% (3 of 4; 95\N{NO-BREAK SPACE}% interval"
        in told.out
    )
    assert "audit sample 2: 0 of 4 tracks judged" in told.out
    assert json.loads(invoke("review", "progress", "--json").out)["overall"]["value"] == 0.75
    assert invoke("review", "progress", "--since", "2999-01-01").out.startswith(
        "0 tracks decided since 2999-01-01\n"
    )


def test_a_missing_genre_is_filled_in_and_not_a_wrong_tag(
    invoke: Any, doubted: Doubted, database: Database
) -> None:
    with database.write() as connection:
        track_id = connection.execute(
            sa.insert(t.track)
            .values(collection_id=1, path="untagged.mp3", path_bytes=b"untagged.mp3", state="present")
            .returning(t.track.c.id)
        ).scalar_one()
    assert invoke("review", "relabel", str(track_id), "--genre", "Jazz", "-y", "--reviewer", "ada").code == 0
    invoke("review", "accept", "red", "--reviewer", "ada")
    told = invoke("review", "progress").out
    assert "4 tracks decided in 2 cases: 3 corrected, 1 filled in" in told
    assert "  ada: 4 tracks, 3 wrong tags corrected, 1 missing genre filled in\n" in told
    progress = json.loads(invoke("review", "progress", "--json").out)
    assert (progress["found_wrong"], progress["filled_in"]) == (3, 1)
    with database.read() as connection:
        summary = read_executive_summary(connection, None, tagged=9, audited=True, suspect_tracks=3)
    assert (summary.corrected, summary.filled_in, summary.decided) == (3, 1, 4)
    assert [(each.corrected, each.filled_in, each.added) for each in summary.reviewers] == [(3, 1, 0)]
