"""The first page: what the share of wrong tags rests on, who corrected what, and since when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from catalog.db import tables as t
from catalog.db.columns import now
from catalog.db.database import Database
from catalog.report.executive_summary import ExecutiveSummary
from catalog.report.html_report import render_report
from catalog.report.model_card import write_report_folder
from catalog.report.report_data import read_report_data
from catalog.review.audit_sample.audit_sample import (
    draw_sample,
    judge_blind,
    next_sample_track,
    settle_judgment,
)
from catalog.review.decision import case_suspects, decide, undo
from tests.integration.report.filled import BAND, add_collection, add_track, genre_id, say

pytestmark = pytest.mark.usefixtures("mapless")


def brief_of(database: Database, since: datetime | None = None) -> ExecutiveSummary:
    return read_report_data(database, since).summary


def band_case(database: Database) -> str:
    with database.read() as connection:
        return str(
            connection.execute(
                sa.select(t.review_case.c.case_id)
                .join(t.artist, t.artist.c.id == t.review_case.c.artist_id)
                .where(t.artist.c.name == BAND)
            ).scalar_one()
        )


def accept(database: Database, case_id: str, reviewer: str) -> str:
    with database.write() as connection:
        return decide(connection, case_suspects(connection, case_id), "accept", reviewer).batch


def test_without_tags_nothing_can_be_wrong(database: Database):
    found = brief_of(database)
    assert (found.wrong, found.corrected, found.reviewers) == (None, 0, ())
    assert "No track has a genre tag" in render_report(read_report_data(database), name="Music")


def test_tags_that_nobody_looked_at(database: Database):
    with database.write() as connection:
        track = add_track(connection, add_collection(connection), artist=None, title="x", path="1.mp3")
        say(connection, track, genre_id(connection, "Rock"))
        connection.execute(
            sa.insert(t.track_status).values(
                track_id=track, tagged_genre_id=genre_id(connection, "Rock"), tagged_genre="Rock"
            )
        )
    assert brief_of(database).wrong is None
    assert "Not checked yet" in render_report(read_report_data(database), name="Music")


def test_bare_doubts_are_no_estimate(filled: Database):
    facts = read_report_data(filled)
    wrong = facts.summary.wrong
    assert wrong is not None
    assert (wrong.basis, wrong.low, wrong.high, wrong.tracks) == ("suspects", None, None, None)
    assert wrong.share == pytest.approx(facts.cases.tracks / 300)
    page = render_report(facts, name="Music", command="catalog --home here")
    assert "This is not an error rate" in page
    assert "catalog --home here review sample 100" in page


def test_decisions_make_a_rough_estimate_of_what_is_left(filled: Database):
    case_id = band_case(filled)
    accept(filled, case_id, "Ada")
    wrong = brief_of(filled).wrong
    assert wrong is not None
    assert (wrong.basis, wrong.judged) == ("suspects", 14), "twenty decisions are the fewest"
    with filled.read() as connection:
        others = [
            str(key)
            for key in connection.execute(
                sa.select(t.review_case.c.case_id)
                .where(t.review_case.c.case_id != case_id)
                .order_by(t.review_case.c.id)
                .limit(12)
            ).scalars()
        ]
    kept = 0
    for other in others:
        with filled.write() as connection:
            kept += len(decide(connection, case_suspects(connection, other), "keep", "Bob").track_ids)
    facts = read_report_data(filled)
    wrong = facts.summary.wrong
    assert wrong is not None
    assert (wrong.basis, wrong.judged) == ("decisions", 14 + kept)
    assert wrong.low is not None
    assert wrong.high is not None
    # As much of the open doubts as was wrong of those decided.
    assert wrong.share == pytest.approx(14 / (14 + kept) * facts.cases.tracks / 300)
    assert wrong.low < wrong.share < wrong.high <= facts.cases.tracks / 300
    assert "This is a rough estimate" in render_report(facts, name="Music")


def test_where_every_doubt_is_decided_nobody_claims_that_no_tag_is_wrong(filled: Database):
    with filled.read() as connection:
        cases = [str(key) for key in connection.execute(sa.select(t.review_case.c.case_id)).scalars()]
    for case_id in cases:
        with filled.write() as connection:
            decide(connection, case_suspects(connection, case_id), "keep", "Bob")
    facts = read_report_data(filled)
    wrong = facts.summary.wrong
    assert wrong is not None
    assert wrong.judged >= 20
    assert facts.cases.tracks == 0
    assert (wrong.basis, wrong.low, wrong.high) == ("suspects", None, None)
    page = render_report(facts, name="Music")
    assert "All flagged tags have a decision" in page
    assert "This is not an error rate." in page
    assert "95 % interval 0" not in page


def test_the_audit_sample_is_what_counts(filled: Database):
    with filled.write() as connection:
        draw_sample(connection, 40, seed=1)
        wrong_genre = genre_id(connection, "Jazz")
        tags = dict(
            connection.execute(sa.select(t.track_status.c.track_id, t.track_status.c.tagged_genre_id)).all()
        )
        judged = 0
        while judged < 30 and (blind := next_sample_track(connection, "Ada")) is not None:
            chosen = wrong_genre if judged % 5 == 0 else tags[blind.track_id]
            judge_blind(connection, blind.track_id, "Ada", genre_id=chosen)
            settle_judgment(
                connection, blind.track_id, "Ada", "keep"
            ) if judged % 5 == 0 and judged > 24 else None
            judged += 1
    facts = read_report_data(filled)
    wrong = facts.summary.wrong
    assert wrong is not None
    assert (wrong.basis, wrong.judged, wrong.sample, wrong.of) == ("sample", 30, (30, 40), 300)
    assert wrong.low is not None
    assert wrong.high is not None
    assert 0 < wrong.low < wrong.share < wrong.high < 0.6
    assert wrong.tracks == (round(wrong.low * 300), round(wrong.high * 300))
    page = render_report(facts, name="Music")
    assert "Wrong tags, estimated" in page
    assert "30 of 40 tracks drawn at random were judged by ear" in page


def test_who_corrected_and_since_when(filled: Database):
    accept(filled, band_case(filled), "Ada")
    with filled.read() as connection:
        other = str(
            connection.execute(
                sa.select(t.review_case.c.case_id)
                .where(t.review_case.c.case_id != band_case(filled))
                .limit(1)
            ).scalar_one()
        )
    taken_back = accept(filled, other, "Bob")
    with filled.write() as connection:
        undo(connection, taken_back, "Bob")
        # Ada's work was last year's.
        last_year = now() - timedelta(days=365)
        connection.execute(
            sa.update(t.decision).where(t.decision.c.reviewer == "Ada").values(decided_at=last_year)
        )
    found = brief_of(filled)
    assert [(each.name, each.corrected) for each in found.reviewers] == [("Ada", 14)]
    assert (found.corrected, found.decided, found.added_tracks) == (14, 14, 344)
    later = brief_of(filled, now() - timedelta(days=30))
    assert (later.corrected, later.reviewers, later.added_tracks) == (0, (), 344)
    assert brief_of(filled, now() + timedelta(days=1)).added_tracks == 0
    page = render_report(read_report_data(filled, datetime(2020, 2, 3, tzinfo=UTC)), name="Music")
    assert "since 3 February 2020<br>" in page
    assert "14 tracks reviewed by <bdi>Ada</bdi>" in page


def test_many_reviewers_are_summed_up(filled: Database):
    with filled.read() as connection:
        keys = [str(key) for key in connection.execute(sa.select(t.review_case.c.case_id).limit(7)).scalars()]
    for number, key in enumerate(keys):
        accept(filled, key, f"Reviewer {number}")
    found = brief_of(filled)
    assert (len(found.reviewers), found.further) == (4, 3)
    assert "and 3 more reviewers" in render_report(read_report_data(filled), name="Music")


def test_the_card_is_beside_the_report_of_the_home(filled: Database, tmp_path: Path):
    with filled.write() as connection:
        rule = {"min_tracks": 10, "min_artists": 5}
        connection.execute(sa.update(t.snapshot).values(parameters=rule))
    path = write_report_folder(filled, tmp_path / "report")
    assert sorted(entry.name for entry in path.parent.iterdir()) == ["index.html", "model-1.html"]
    assert 'href="model-1.html"' in path.read_text(encoding="utf-8")
    with filled.write() as connection:
        # As a zero-shot model is: learned from nothing, and without a score.
        values: dict[str, object] = {"algorithm": "zero_shot", "snapshot_id": None, "metrics": {}}
        connection.execute(sa.update(t.model).values(**values))
    path = write_report_folder(filled, tmp_path / "zero")
    assert "compares audio with text" in (path.parent / "model-1.html").read_text(encoding="utf-8")
    with filled.write() as connection:
        connection.execute(sa.update(t.model).values(status="retired"))
    alone = write_report_folder(filled, tmp_path / "other")
    assert [entry.name for entry in alone.parent.iterdir()] == ["index.html"]
    assert 'href="model-' not in alone.read_text(encoding="utf-8")
