"""The summary on the first page: estimated share of wrong tags, corrections, and the work of each reviewer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.tables import decision, tag_write, track
from catalog.db.track_query import IS_LISTED
from catalog.report.formatting import safe_text
from catalog.review.audit_sample.sample_estimates import estimate_sample
from catalog.review.audit_sample.sample_size import MIN_JUDGMENTS, default_size
from catalog.review.audit_sample.weighted_share import Share, weighted_share
from catalog.review.suspect_filters import is_in_effect
from catalog.review.verdict import CORRECTING_VERDICTS, NEUTRAL_VERDICTS, is_correction, is_filled_in

MOST_REVIEWERS = 4
"""Reviewers listed by name, so that the summary fits on one printed page."""

Basis = Literal["sample", "decisions", "suspects"]


@dataclass(frozen=True)
class WrongTagShare:
    """The estimated share of wrong tags."""

    basis: Basis
    """`sample`: an audit sample, tracks drawn at random and judged blind. `decisions`: the open suspects times the
    share of wrong ones among the decided suspects; wrong tags that are not suspects are not included. `suspects`: the
    share of open suspects, which is not an estimate."""
    share: float
    """Of the tagged tracks, 0 to 1."""
    low: float | None
    high: float | None
    """95 % interval; None for the basis `suspects`."""
    of: int
    """Tagged tracks that the share refers to."""
    judged: int
    """Judged tracks that the share is computed from."""
    sample: tuple[int, int] | None
    """Judged tracks and all tracks of the audit sample; None without an audit sample."""

    @property
    def tracks(self) -> tuple[int, int] | None:
        """The interval as numbers of tracks."""
        if self.low is None or self.high is None:
            return None
        return round(self.low * self.of), round(self.high * self.of)


@dataclass(frozen=True)
class ReviewerWork:
    """The decisions of one reviewer that were not undone."""

    name: str
    corrected: int
    """Tracks whose tag was replaced."""
    filled_in: int
    """Tracks that had no genre."""
    added: int
    """Tracks with an added genre."""
    kept: int
    """Tracks whose tag was confirmed."""


@dataclass(frozen=True)
class ExecutiveSummary:
    """The numbers of the summary that are not totals."""

    since: datetime | None
    """Start of the period of the decisions counted; None for all."""
    wrong: WrongTagShare | None
    """None before the first audit and without tagged tracks."""
    corrected: int
    """Tracks whose tag was replaced."""
    filled_in: int
    """Tracks that had no genre."""
    decided: int
    """Tracks with a decision."""
    reviewers: tuple[ReviewerWork, ...]
    """The most corrections first, at most `MOST_REVIEWERS`."""
    further: int
    """Number of further reviewers."""
    written: int
    """Genre tags written to files and not undone."""
    added_tracks: int
    """Tracks added since then."""
    sample_size: int
    """Suggested size of an audit sample; 0 if there are too few tracks."""


def read_executive_summary(
    connection: Connection, since: datetime | None, *, tagged: int, audited: bool, suspect_tracks: int
) -> ExecutiveSummary:
    """Reads the summary; `suspect_tracks` is the number of tracks with an open suspect, out of `tagged` ones.

    `since` bounds the decisions, writes and added tracks, but not the estimate, which is for the current collection.
    """
    reviewers = _reviewers(connection, since)
    corrected, filled_in, decided = _decided_tracks(connection, since)
    return ExecutiveSummary(
        since=since,
        wrong=_wrong(connection, tagged=tagged, audited=audited, suspect_tracks=suspect_tracks),
        corrected=corrected,
        filled_in=filled_in,
        decided=decided,
        reviewers=reviewers[:MOST_REVIEWERS],
        further=max(0, len(reviewers) - MOST_REVIEWERS),
        written=_count_since(connection, tag_write.c.state == "written", tag_write.c.written_at, since),
        added_tracks=_count_since(connection, IS_LISTED, track.c.added_at, since),
        sample_size=default_size(connection),
    )


def _wrong(
    connection: Connection, *, tagged: int, audited: bool, suspect_tracks: int
) -> WrongTagShare | None:
    if not tagged:
        return None
    sample = estimate_sample(connection)
    progress = None if sample is None else (sample.judged, sample.tracks)
    if sample is not None and sample.wrong is not None and sample.is_reliable:
        share = sample.wrong
        return WrongTagShare(
            "sample", share.value, share.low, share.high, sample.archive, sample.judged, progress
        )
    if not audited:
        return None
    decided, precision = _precision(connection)
    # Without open suspects the share of the decided ones applies to no track.
    if suspect_tracks and precision is not None and precision.tracks >= MIN_JUDGMENTS:
        # Wrong tags that were found are corrected: the remaining ones are among the open suspects.
        part = min(1.0, suspect_tracks / tagged)
        shares = (precision.value * part, precision.low * part, precision.high * part)
        return WrongTagShare("decisions", *shares, tagged, decided, progress)
    return WrongTagShare("suspects", min(1.0, suspect_tracks / tagged), None, None, tagged, decided, progress)


def _precision(connection: Connection) -> tuple[int, Share | None]:
    """The number of decided suspects, and the share of them that was wrong."""
    verdicts = connection.execute(
        sa.select(decision.c.verdict, sa.func.count())
        .where(
            is_in_effect(decision),
            decision.c.suspect_id.is_not(None),
            decision.c.verdict.not_in(sorted(NEUTRAL_VERDICTS)),
        )
        .group_by(decision.c.verdict)
    ).all()
    hits = [float(verdict in CORRECTING_VERDICTS) for verdict, number in verdicts for _ in range(number)]
    return len(hits), weighted_share(hits, [1.0] * len(hits))


def _is_counted(since: datetime | None) -> sa.ColumnElement[bool]:
    is_valid = is_in_effect(decision)
    return is_valid if since is None else sa.and_(is_valid, decision.c.decided_at >= since)


def _decided_tracks(connection: Connection, since: datetime | None) -> tuple[int, int, int]:
    """Tracks whose tag was replaced, tracks that had no genre, and tracks with a decision."""
    track_id = sa.func.count(decision.c.track_id.distinct())
    row = connection.execute(
        sa.select(track_id.filter(is_correction()), track_id.filter(is_filled_in()), track_id).where(
            _is_counted(since)
        )
    ).one()
    return int(row[0]), int(row[1]), int(row[2])


def _reviewers(connection: Connection, since: datetime | None) -> tuple[ReviewerWork, ...]:
    track_id, verdict = decision.c.track_id.distinct(), decision.c.verdict
    rows = connection.execute(
        sa.select(
            decision.c.reviewer,
            sa.func.count(track_id).filter(is_correction()).label("corrected"),
            sa.func.count(track_id).filter(is_filled_in()).label("filled_in"),
            sa.func.count(track_id).filter(verdict == "add", decision.c.genre_id.is_not(None)).label("added"),
            sa.func.count(track_id).filter(verdict == "keep").label("kept"),
        )
        .where(_is_counted(since))
        .group_by(decision.c.reviewer)
    )
    reviewers = [
        ReviewerWork(safe_text(row.reviewer, 40), row.corrected, row.filled_in, row.added, row.kept)
        for row in rows
    ]
    return tuple(
        sorted(reviewers, key=lambda row: (-row.corrected, -row.filled_in, -row.added, -row.kept, row.name))
    )


def _count_since(
    connection: Connection,
    condition: sa.ColumnElement[bool],
    time: sa.Column[datetime],
    since: datetime | None,
) -> int:
    query = sa.select(sa.func.count()).select_from(time.table).where(condition)
    return int(connection.execute(query if since is None else query.where(time >= since)).scalar_one())
