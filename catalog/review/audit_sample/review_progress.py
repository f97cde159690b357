"""Progress: what was decided, how many wrong tags that found, how many are left, and when to stop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.tables import audit_sample, decision, suspect
from catalog.db.track_query import latest_audit
from catalog.review.audit_sample.sample_estimates import SampleEstimate, estimate_sample
from catalog.review.audit_sample.sample_size import MIN_JUDGMENTS, default_size
from catalog.review.audit_sample.weighted_share import Share, number_among, weighted_share
from catalog.review.case_list import Filters, list_cases, suspects_query
from catalog.review.redo import is_undo_in_effect
from catalog.review.suspect_filters import is_in_effect, is_open, unjudged_sample
from catalog.review.verdict import CORRECTING_VERDICTS, NEUTRAL_VERDICTS

RECENT = 100
WORTHWHILE_SHARE = 0.05
"""Share of wrong tags among those looked at below which looking on is not worth while, where no sample says more."""

RemainingErrorsSource = Literal["sample", "expected_right", "precision"]


@dataclass(frozen=True, slots=True)
class ReviewerProgress:
    """What one reviewer decided; undone decisions do not count."""

    reviewer: str
    decisions: int
    found_wrong: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class RemainingErrors:
    """Wrong tags that are probably left."""

    tracks: float
    low: float
    high: float
    by: RemainingErrorsSource
    """From what: the check sample speaks of the archive, the others of the open suspects."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the review is."""

    since: datetime | None
    decisions: int
    """That stand, one for each track."""
    by_verdict: Mapping[str, int]
    by_reviewer: tuple[ReviewerProgress, ...]
    """Most decisions first."""
    undone: int
    found_wrong: int
    """Tracks whose tag was replaced."""
    overall: Share | None
    """Of the suspects decided the share that was wrong; a hundred times that is wrong tags found per hundred."""
    recent: Share | None
    """The same of the last hundred."""
    open_cases: int
    open_tracks: int
    left: RemainingErrors | None
    sample: SampleEstimate | None
    sample_size: int
    """How many tracks a new sample should have; 0 where there is too little to draw from."""
    advice: str
    """What to do next, in one sentence."""
    hidden_tracks: int = 0
    """Suspects that the check sample holds back: no case shows them before they were judged blind."""


def review_progress(connection: Connection, since: datetime | None = None) -> Progress:
    """The decisions since a moment, or ever; what is left, and the sample, are as of now."""
    rows = connection.execute(
        sa.select(
            decision.c.track_id,
            decision.c.verdict,
            decision.c.reviewer,
            decision.c.decided_at,
            decision.c.suspect_id,
            decision.c.blind,
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
    on_suspects = [
        float(row.verdict in CORRECTING_VERDICTS)
        for row in rows
        if row.suspect_id is not None and row.verdict not in NEUTRAL_VERDICTS
    ]
    since_then = (
        on_suspects
        if since is None
        else [
            float(row.verdict in CORRECTING_VERDICTS)
            for row in counted
            if row.suspect_id is not None and row.verdict not in NEUTRAL_VERDICTS
        ]
    )
    open_cases = list_cases(connection, per_page=1).total
    open_tracks, expected = _open(connection)
    hidden = _hidden(connection)
    sample = estimate_sample(connection)
    recent = _share(on_suspects[-RECENT:])
    left = _remaining_errors(connection, sample, on_suspects, open_tracks, expected)
    return Progress(
        since=since,
        decisions=len(counted),
        by_verdict=_by_verdict(counted),
        by_reviewer=_by_reviewer(counted),
        undone=int(connection.execute(undone).scalar_one()),
        found_wrong=len({row.track_id for row in counted if row.verdict in CORRECTING_VERDICTS}),
        overall=_share(since_then),
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
    """Whether to go on. To stop is right where looking finds no more wrong tags than tracks at random would show."""
    if not open_tracks:
        return _nothing_open(decisions, hidden)
    if recent is None or recent.tracks < MIN_JUDGMENTS:
        wanted = MIN_JUDGMENTS - (recent.tracks if recent else 0)
        if wanted > open_tracks:
            return f"go on: only {open_tracks} of the suspects {'is' if open_tracks == 1 else 'are'} left"
        return f"go on: {wanted} more {'decision shows' if wanted == 1 else 'decisions show'} whether it is worth while"
    at_random = sample.wrong.value if sample and sample.wrong and sample.is_reliable else WORTHWHILE_SHARE
    found = f"the last {recent.tracks} decisions found {round(recent.value * recent.tracks)} wrong tags"
    if recent.value <= at_random:
        return f"stop here: {found}, no more than tracks at random; catalog train, then catalog audit, may find others"
    return f"go on: {found}"


def _nothing_open(decisions: int, hidden: int) -> str:
    if hidden:
        return (
            f"judge the check sample, which holds the only suspects left ({hidden:,}): catalog review serve"
        )
    if decisions:
        return "every suspect is decided; learn from it: catalog train, then catalog audit"
    return "there is no suspect to decide; look for some: catalog audit"


def _share(hits: Sequence[float]) -> Share | None:
    return weighted_share(hits, [1.0] * len(hits))


def _by_verdict(rows: Sequence[Any]) -> dict[str, int]:
    counted: dict[str, int] = {}
    for row in rows:
        counted[row.verdict] = counted.get(row.verdict, 0) + 1
    return dict(sorted(counted.items(), key=lambda each: (-each[1], each[0])))


def _by_reviewer(rows: Sequence[Any]) -> tuple[ReviewerProgress, ...]:
    found = []
    for name in dict.fromkeys(row.reviewer for row in rows):
        mine = [row for row in rows if row.reviewer == name]
        wrong = sum(row.verdict in CORRECTING_VERDICTS for row in mine)
        found.append(ReviewerProgress(name, len(mine), wrong, max(row.decided_at for row in mine)))
    return tuple(sorted(found, key=lambda each: (-each.decisions, each.reviewer)))


def _open(connection: Connection) -> tuple[int, float | None]:
    """The open suspects, and the sum of their `expected_right` where it is known."""
    doubts = suspects_query(Filters()).subquery()
    row = connection.execute(
        sa.select(sa.func.count(), sa.func.sum(suspect.c.expected_right))
        .join_from(suspect, doubts, doubts.c.id == suspect.c.id)
        .where(doubts.c.is_open == 1)
    ).one()
    return int(row[0]), row[1]


def _hidden(connection: Connection) -> int:
    """The open suspects that are in no case, because their track waits to be judged blind."""
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
    """Tracks whose tag was replaced since the sample was drawn; those of the sample itself too."""
    drawn_at = sa.select(audit_sample.c.drawn_at).where(audit_sample.c.id == sample_id).scalar_subquery()
    return int(
        connection.execute(
            sa.select(sa.func.count(sa.distinct(decision.c.track_id))).where(
                decision.c.verdict.in_(sorted(CORRECTING_VERDICTS)),
                decision.c.decided_at >= drawn_at,
                is_in_effect(decision),
            )
        ).scalar_one()
    )
