"""Review progress: decisions, wrong tags found and remaining, and advice when to stop."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.tables import audit_sample, decision, review_case, suspect
from catalog.db.track_query import latest_audit
from catalog.review.audit_sample.sample_estimates import SampleEstimate, estimate_sample
from catalog.review.audit_sample.sample_size import MIN_JUDGMENTS, default_size
from catalog.review.audit_sample.weighted_share import Share, number_among, weighted_share
from catalog.review.case_list import Filters, list_cases, suspects_query
from catalog.review.redo import is_undo_in_effect
from catalog.review.suspect_filters import is_in_effect, is_open, unjudged_sample
from catalog.review.verdict import (
    CORRECTING_VERDICTS,
    NEUTRAL_VERDICTS,
    OUTCOMES,
    Outcome,
    is_correction,
    outcome_of,
)
from catalog.text import pluralize

RECENT = 100
WORTHWHILE_SHARE = 0.05
"""Share of wrong tags below which more review is not worthwhile, if there is no sample estimate."""

RemainingErrorsSource = Literal["sample", "expected_right", "precision"]


@dataclass(frozen=True, slots=True)
class ReviewerProgress:
    """Decisions of one reviewer, without undone ones."""

    reviewer: str
    decisions: int
    found_wrong: int
    filled_in: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class RemainingErrors:
    """Estimated number of wrong tags that remain."""

    tracks: float
    low: float
    high: float
    by: RemainingErrorsSource
    """Origin of the estimate: the audit sample estimates the catalog, the others the open suspects."""


@dataclass(frozen=True, slots=True)
class Progress:
    """The state of the review."""

    since: datetime | None
    decisions: int
    """Decisions in effect, one per track."""
    decided_cases: int
    """Cases that the decisions belong to; decisions outside of cases count by the tracks decided together."""
    by_outcome: Mapping[Outcome, int]
    """Most frequent first."""
    by_reviewer: tuple[ReviewerProgress, ...]
    """Most decisions first."""
    undone: int
    found_wrong: int
    """Tracks with a replaced tag."""
    filled_in: int
    """Tracks that had no genre."""
    overall: Share | None
    """Share of wrong tags among the decided suspects."""
    recent: Share | None
    """The same for the last hundred."""
    open_cases: int
    open_tracks: int
    left: RemainingErrors | None
    sample: SampleEstimate | None
    sample_size: int
    """Default size of a new sample; 0 if there are too few tracks."""
    advice: str
    """The next step, in one sentence."""
    hidden_tracks: int = 0
    """Suspects in the audit sample: no case shows them before their blind judgment."""


def review_progress(connection: Connection, since: datetime | None = None) -> Progress:
    """The decisions since a moment, or all; remaining errors and sample are current."""
    rows = connection.execute(
        sa.select(
            decision.c.track_id,
            decision.c.verdict,
            decision.c.reviewer,
            decision.c.decided_at,
            decision.c.suspect_id,
            decision.c.genre_id,
            sa.func.coalesce(review_case.c.case_id, decision.c.batch).label("case_id"),
        )
        .select_from(
            decision.outerjoin(suspect, suspect.c.id == decision.c.suspect_id).outerjoin(
                review_case, review_case.c.id == suspect.c.review_case_id
            )
        )
        .where(is_in_effect(decision))
        .order_by(decision.c.id)
    ).all()
    counted = [row for row in rows if since is None or row.decided_at >= since]
    undone = (
        sa.select(sa.func.count())
        .select_from(decision)
        .where(decision.c.verdict == "undo", is_undo_in_effect(decision))
    )
    if since is not None:
        undone = undone.where(decision.c.decided_at >= since)
    on_suspects = _corrections(rows)
    open_cases = list_cases(connection, per_page=1).total
    open_tracks, expected = _open(connection)
    hidden = _hidden(connection)
    sample = estimate_sample(connection)
    recent = _share(on_suspects[-RECENT:])
    left = _remaining_errors(connection, sample, on_suspects, open_tracks, expected)
    return Progress(
        since=since,
        decisions=len(counted),
        decided_cases=len({row.case_id for row in counted}),
        by_outcome=_by_outcome(counted),
        by_reviewer=_by_reviewer(counted),
        undone=int(connection.execute(undone).scalar_one()),
        found_wrong=len(_tracks(counted, "corrected")),
        filled_in=len(_tracks(counted, "filled in")),
        overall=_share(_corrections(counted)),
        recent=recent,
        open_cases=open_cases,
        open_tracks=open_tracks,
        left=left,
        sample=sample,
        sample_size=default_size(connection),
        advice=advice(len(rows), open_tracks, recent, sample, hidden),
        hidden_tracks=hidden,
    )


def advice(
    decisions: int, open_tracks: int, recent: Share | None, sample: SampleEstimate | None, hidden: int = 0
) -> str:
    """The next step. Stop if review finds no more wrong tags than random tracks have."""
    if not open_tracks:
        return _nothing_open(decisions, hidden)
    if recent is None or recent.tracks < MIN_JUDGMENTS:
        missing = MIN_JUDGMENTS - (recent.tracks if recent else 0)
        if missing > open_tracks:
            return f"continue: {pluralize(open_tracks, 'suspect')} left"
        return f"continue: {pluralize(missing, 'more decision', 'more decisions')} until there is an estimate"
    at_random = sample.wrong.value if sample and sample.wrong and sample.is_reliable else WORTHWHILE_SHARE
    summary = f"the last {recent.tracks} decisions found {round(recent.value * recent.tracks)} wrong tags"
    if recent.value <= at_random:
        return f"stop: {summary}, no more than in random tracks; to find others run catalog train, then catalog audit"
    return f"continue: {summary}"


def _nothing_open(decisions: int, hidden: int) -> str:
    if hidden:
        return f"judge the audit sample, which contains all remaining suspects ({hidden:,}): catalog review serve"
    if decisions:
        return "all suspects are decided; run: catalog train, then catalog audit"
    return "there are no suspects; run: catalog audit"


def _corrections(rows: Sequence[Any]) -> list[float]:
    """1 for each decision on a suspect that corrected the tag, 0 for each that kept it."""
    return [
        float(row.verdict in CORRECTING_VERDICTS)
        for row in rows
        if row.suspect_id is not None and row.verdict not in NEUTRAL_VERDICTS
    ]


def _share(hits: Sequence[float]) -> Share | None:
    return weighted_share(hits, [1.0] * len(hits))


def _tracks(rows: Sequence[Any], outcome: Outcome) -> set[int]:
    """The tracks with a decision of this outcome."""
    return {row.track_id for row in rows if outcome_of(row.verdict, row.genre_id) == outcome}


def _by_outcome(rows: Sequence[Any]) -> dict[Outcome, int]:
    counted = Counter(outcome_of(row.verdict, row.genre_id) for row in rows)
    return dict(sorted(counted.items(), key=lambda each: (-each[1], OUTCOMES.index(each[0]))))


def _by_reviewer(rows: Sequence[Any]) -> tuple[ReviewerProgress, ...]:
    reviewers = []
    for name in dict.fromkeys(row.reviewer for row in rows):
        own = [row for row in rows if row.reviewer == name]
        last_at = max(row.decided_at for row in own)
        wrong, filled_in = (len(_tracks(own, outcome)) for outcome in ("corrected", "filled in"))
        reviewers.append(ReviewerProgress(name, len(own), wrong, filled_in, last_at))
    return tuple(sorted(reviewers, key=lambda each: (-each.decisions, each.reviewer)))


def _open(connection: Connection) -> tuple[int, float | None]:
    """The number of open suspects, and the sum of their `expected_right` if it is known."""
    matching = suspects_query(Filters()).subquery()
    row = connection.execute(
        sa.select(sa.func.count(), sa.func.sum(suspect.c.expected_right))
        .join_from(suspect, matching, matching.c.id == suspect.c.id)
        .where(matching.c.is_open == 1)
    ).one()
    return int(row[0]), row[1]


def _hidden(connection: Connection) -> int:
    """The number of open suspects in no case because their track waits for a blind judgment."""
    return int(
        connection.execute(
            sa.select(sa.func.count(sa.distinct(suspect.c.track_id))).where(
                suspect.c.audit_id == latest_audit("labels"),
                suspect.c.relation != "narrower",
                suspect.c.track_id.in_(unjudged_sample()),
                is_open(),
            )
        ).scalar_one()
    )


def _remaining_errors(
    connection: Connection,
    sample: SampleEstimate | None,
    on_suspects: Sequence[float],
    open_tracks: int,
    expected: float | None,
) -> RemainingErrors | None:
    if sample is not None and sample.wrong is not None and sample.is_reliable:
        found = _found_since(connection, sample.sample_id)
        number = sample.archive
        share = sample.wrong
        left = [max(0.0, each * number - found) for each in (share.value, share.low, share.high)]
        return RemainingErrors(left[0], left[1], left[2], "sample")
    precision = _share(on_suspects)
    if precision is None or precision.tracks < MIN_JUDGMENTS:
        return None
    low, high = number_among(precision, open_tracks)
    if expected is not None:
        return RemainingErrors(expected, min(low, expected), max(high, expected), "expected_right")
    return RemainingErrors(precision.value * open_tracks, low, high, "precision")


def _found_since(connection: Connection, sample_id: int) -> int:
    """Tracks with a tag replaced since the sample was drawn, including tracks of the sample."""
    drawn_at = sa.select(audit_sample.c.drawn_at).where(audit_sample.c.id == sample_id).scalar_subquery()
    return int(
        connection.execute(
            sa.select(sa.func.count(sa.distinct(decision.c.track_id))).where(
                is_correction(),
                decision.c.decided_at >= drawn_at,
                is_in_effect(decision),
            )
        ).scalar_one()
    )
