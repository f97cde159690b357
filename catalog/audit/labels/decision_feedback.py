"""Feedback of decisions: what people accepted and rejected moves suspects of the same kind from the first decision on.

For every suspect there are two acceptance rates: of its pair of genres (tagged, suggested), and of its artist with that
tag. Each is a beta-binomial mean, shrunken to the rate of all decisions:

    rate = (accepted + STRENGTH x overall) / (decided + STRENGTH)

The shift of a suspicion is the sum of both differences logit(rate) - logit(overall), on the scale of its log odds.
`overall` is (accepted + 1) / (decided + 2) of all decisions (rule of succession). Shrinkage keeps a single decision
from silencing a pair: the empirical Bayes estimate of Efron and Morris ("Data analysis using Stein's estimator and its
generalizations", JASA 1975). Tracks that were decided together are not independent: a batch of n tracks counts as
sqrt(n) decisions, as in the suspicion of a case.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.tables import decision, suspect, track

STRENGTH = 2.0
"""Number of decisions on a pair, or on an artist and tag, that weigh as much as all other decisions."""

Counts = Mapping[Hashable, tuple[float, float]]


@dataclass(frozen=True)
class Feedback:
    """Weighted numbers of decisions, (decided, accepted), by key."""

    overall: tuple[float, float] = (0.0, 0.0)
    by_pair: Counts = field(default_factory=dict)
    """By tagged and suggested genre id."""
    by_artist: Counts = field(default_factory=dict)
    """By artist and tagged genre id."""
    by_case: Counts = field(default_factory=dict)
    """By `review_case.id`."""

    def shift(self, tagged: int, suggested: int, artist: int | None, *, case_key: int | None = None) -> float:
        """Log odds to add to a suspicion, negative after rejections.

        Decisions on the case `case_key` itself are left out, so that a case keeps its position while it is decided.
        """
        own = self.by_case.get(case_key, (0.0, 0.0))
        decided, accepted = (all_ - own_ for all_, own_ in zip(self.overall, own, strict=True))
        overall = (accepted + 1) / (decided + 2)
        keys: list[tuple[Counts, Hashable]] = [(self.by_pair, (tagged, suggested))]
        if artist is not None:
            keys.append((self.by_artist, (artist, tagged)))
        return sum(_shift(counts[key], own, overall) for counts, key in keys if key in counts)


def shifted(suspicion: float, shift: float) -> float:
    """The suspicion with a shift of its log odds, 0 to 1."""
    bounded = min(max(suspicion, 1e-4), 1 - 1e-4)
    return 1 / (1 + math.exp(-math.log(bounded / (1 - bounded)) - shift))


def _shift(counts: tuple[float, float], own: tuple[float, float], overall: float) -> float:
    decided, accepted = (max(all_ - own_, 0.0) for all_, own_ in zip(counts, own, strict=True))
    rate = (accepted + STRENGTH * overall) / (decided + STRENGTH)
    return math.log(rate / (1 - rate)) - math.log(overall / (1 - overall))


def load_feedback(connection: Connection, since: datetime | None = None) -> Feedback:
    """The decisions in effect that accept or reject a suggestion, all or only those made after a moment."""
    undoing = decision.alias()
    is_accepted = sa.and_(
        decision.c.verdict.in_(["accept", "relabel"]),
        sa.func.coalesce(decision.c.chosen_genre_id, suspect.c.suggested_genre_id)
        == suspect.c.suggested_genre_id,
    )
    columns = (
        decision.c.batch,
        suspect.c.review_case_id,
        suspect.c.genre_id,
        suspect.c.suggested_genre_id,
        track.c.artist_id,
    )
    query = (
        sa.select(*columns, sa.func.count(), sa.func.sum(sa.case((is_accepted, 1), else_=0)))
        .join_from(decision, suspect, suspect.c.id == decision.c.suspect_id)
        .join(track, track.c.id == decision.c.track_id)
        .where(
            decision.c.verdict.in_(["keep", "accept", "relabel", "add"]),
            ~sa.exists().where(undoing.c.undoes_id == decision.c.id),
        )
        .group_by(*columns)
    )
    if since is not None:
        query = query.where(decision.c.decided_at > since)
    tables: list[defaultdict[Hashable, list[float]]] = [defaultdict(lambda: [0.0, 0.0]) for _ in range(4)]
    for _, case_key, tagged, suggested, artist, decided, accepted in connection.execute(query):
        weights = (math.sqrt(decided), int(accepted) / math.sqrt(decided))
        for table, key in zip(tables, ("all", (tagged, suggested), (artist, tagged), case_key), strict=True):
            table[key] = [total + weight for total, weight in zip(table[key], weights, strict=True)]
    overall, by_pair, by_artist, by_case = (
        {key: (row[0], row[1]) for key, row in table.items()} for table in tables
    )
    return Feedback(overall.get("all", (0.0, 0.0)), by_pair, by_artist, by_case)
