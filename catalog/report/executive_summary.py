"""The first page, for somebody who pays: how many tags are probably wrong, what was corrected, and by whom."""

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
from catalog.review.audit_sample.sample_size import FEWEST, suitable_size
from catalog.review.audit_sample.weighted_share import Share, weighted_share
from catalog.review.suspect_filters import is_not_undone
from catalog.review.verdict import FOUND_WRONG, SILENT

MOST_REVIEWERS = 4
"""Named by themselves; a printed page has no room for all."""

Basis = Literal["sample", "decisions", "doubts"]


@dataclass(frozen=True)
class WrongTagShare:
    """The share of wrong tags, as far as it is known."""

    basis: Basis
    """`sample`: tracks drawn at random and judged blind. `decisions`: the tags in doubt, as often wrong as those that
    people decided on; wrong tags that nothing doubts are not in it. `doubts`: nothing but the tags in doubt."""
    share: float
    """Of the tagged tracks, 0 to 1."""
    low: float | None
    high: float | None
    """The middle 95 %; None for bare doubts, of which nobody knows how many are wrong."""
    of: int
    """Tagged tracks that it speaks of."""
    judged: int
    """Tracks that people judged for it."""
    sample: tuple[int, int] | None
    """How many tracks of the check sample are judged, and how many there are; None without one."""

    @property
    def tracks(self) -> tuple[int, int] | None:
        """The interval in tracks."""
        if self.low is None or self.high is None:
            return None
        return round(self.low * self.of), round(self.high * self.of)


@dataclass(frozen=True)
class ReviewerWork:
    """What one person did; what was undone does not count."""

    name: str
    corrected: int
    """Tracks whose tag was replaced."""
    added: int
    """Tracks that were given a genre beside those they had, or their first."""
    kept: int
    """Tracks whose tags stayed as they were."""


@dataclass(frozen=True)
class ExecutiveSummary:
    """What the first page says beside the totals."""

    since: datetime | None
    """From when on people's work counts; None for all of it."""
    wrong: WrongTagShare | None
    """None where nothing was looked for, or nothing is tagged."""
    corrected: int
    decided: int
    """Tracks that people decided on."""
    correctors: tuple[ReviewerWork, ...]
    """Those who corrected most first, at most `MOST_REVIEWERS`."""
    further: int
    """Reviewers who are not named."""
    written: int
    """Genre tags written to files and still there."""
    arrived: int
    """Tracks that came since; all without a moment."""
    sample_size: int
    """How many tracks a check sample should have; 0 where there is too little to draw from."""


def read_executive_summary(
    connection: Connection, since: datetime | None, *, tagged: int, audited: bool, doubted: int
) -> ExecutiveSummary:
    """Reads the first page; `doubted` is the number of tracks in open doubt, out of `tagged` ones.

    `since` bounds what people did, never the estimate, which is of the collection as it is.
    """
    correctors = _correctors(connection, since)
    corrected, decided = _work(connection, since)
    return ExecutiveSummary(
        since=since,
        wrong=_wrong(connection, tagged=tagged, audited=audited, doubted=doubted),
        corrected=corrected,
        decided=decided,
        correctors=correctors[:MOST_REVIEWERS],
        further=max(0, len(correctors) - MOST_REVIEWERS),
        written=_written(connection, since),
        arrived=_arrived(connection, since),
        sample_size=suitable_size(connection),
    )


def _wrong(connection: Connection, *, tagged: int, audited: bool, doubted: int) -> WrongTagShare | None:
    if not tagged:
        return None
    sample = estimate_sample(connection)
    drawn = None if sample is None else (sample.judged, sample.tracks)
    if sample is not None and sample.wrong is not None and sample.is_telling:
        share = sample.wrong
        return WrongTagShare(
            "sample", share.value, share.low, share.high, sample.archive, sample.judged, drawn
        )
    if not audited:
        return None
    decided, precision = _precision(connection)
    # With no doubt left there is nothing that the share of those decided could be told of.
    if doubted and precision is not None and precision.tracks >= FEWEST:
        # What was found wrong is corrected: what is left is among the open doubts.
        part = min(1.0, doubted / tagged)
        shares = (precision.value * part, precision.low * part, precision.high * part)
        return WrongTagShare("decisions", *shares, tagged, decided, drawn)
    return WrongTagShare("doubts", min(1.0, doubted / tagged), None, None, tagged, decided, drawn)


def _precision(connection: Connection) -> tuple[int, Share | None]:
    """How many doubts people decided on, and what share of these tags was wrong."""
    verdicts = connection.execute(
        sa.select(decision.c.verdict, sa.func.count())
        .where(
            is_not_undone(decision),
            decision.c.suspect_id.is_not(None),
            decision.c.verdict.not_in(sorted(SILENT)),
        )
        .group_by(decision.c.verdict)
    ).all()
    hits = [float(verdict in FOUND_WRONG) for verdict, number in verdicts for _ in range(number)]
    return len(hits), weighted_share(hits, [1.0] * len(hits))


def _standing_since(since: datetime | None) -> sa.ColumnElement[bool]:
    is_made = is_not_undone(decision)
    return is_made if since is None else sa.and_(is_made, decision.c.decided_at >= since)


def _work(connection: Connection, since: datetime | None) -> tuple[int, int]:
    """Tracks whose tag was replaced, and tracks decided on."""
    track_id, is_found = decision.c.track_id, decision.c.verdict.in_(sorted(FOUND_WRONG))
    row = connection.execute(
        sa.select(
            sa.func.count(track_id.distinct()).filter(is_found), sa.func.count(track_id.distinct())
        ).where(_standing_since(since))
    ).one()
    return int(row[0]), int(row[1])


def _correctors(connection: Connection, since: datetime | None) -> tuple[ReviewerWork, ...]:
    track_id, verdict = decision.c.track_id.distinct(), decision.c.verdict
    rows = connection.execute(
        sa.select(
            decision.c.reviewer,
            sa.func.count(track_id).filter(verdict.in_(sorted(FOUND_WRONG))).label("corrected"),
            sa.func.count(track_id).filter(verdict == "add").label("added"),
            sa.func.count(track_id).filter(verdict == "keep").label("kept"),
        )
        .where(_standing_since(since))
        .group_by(decision.c.reviewer)
    )
    people = [ReviewerWork(safe_text(row.reviewer, 40), row.corrected, row.added, row.kept) for row in rows]
    return tuple(sorted(people, key=lambda each: (-each.corrected, -each.added, -each.kept, each.name)))


def _written(connection: Connection, since: datetime | None) -> int:
    query = sa.select(sa.func.count()).select_from(tag_write).where(tag_write.c.state == "written")
    if since is not None:
        query = query.where(tag_write.c.written_at >= since)
    return int(connection.execute(query).scalar_one())


def _arrived(connection: Connection, since: datetime | None) -> int:
    query = sa.select(sa.func.count()).select_from(track).where(IS_LISTED)
    if since is not None:
        query = query.where(track.c.added_at >= since)
    return int(connection.execute(query).scalar_one())
