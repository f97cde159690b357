"""Estimated precision of suspects: the share of similar suggestions that people accepted.

It comes from people's decisions alone, never from injected noise, and is stored in `suspect.expected_right`.
"""

from collections.abc import Hashable, Sequence

import numpy as np
import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.arrays import Booleans, Floats
from catalog.db.tables import decision, suspect
from catalog.db.track_query import latest_audit

FEWEST_DECISIONS = 100
"""With fewer decisions there is no estimate: the interval of a share would be wider than 20 points."""
PAIR_WEIGHT = 10.0
"""Number of decisions on a pair of genres that weigh as much as all other decisions at that suspicion."""
DECISIONS_PER_REFRESH = 10
"""One more decision changes a share of a hundred by a point."""


def expected_right(
    suspicion: Floats,
    accepted: Booleans,
    pairs: Sequence[Hashable],
    suspect_suspicion: Floats,
    suspect_pairs: Sequence[Hashable],
) -> Floats | None:
    """(m,): the estimated probability that each suggestion is right; None with fewer than `FEWEST_DECISIONS` decisions.

    The decisions are given by suspicion (n,), whether the suggestion was accepted (n,), and pair of genres (n,). The
    share never falls with suspicion (isotonic regression, Barlow et al. 1972). It is clipped away from 0 and 1, as if
    there had been one more decision of each kind. Decisions on the same pair shift it: their excess over the share at
    their suspicion, weighted by their number (a beta-binomial mean with a prior of `PAIR_WEIGHT` decisions).
    """
    if len(suspicion) < FEWEST_DECISIONS:
        return None
    from sklearn.isotonic import IsotonicRegression  # a second to import

    edge = 1.0 / (len(suspicion) + 2)
    curve = IsotonicRegression(y_min=edge, y_max=1 - edge, out_of_bounds="clip")
    curve.fit(suspicion, accepted.astype(np.float64))
    at_suspicion = np.asarray(curve.predict(suspicion), dtype=np.float64)
    excess: dict[Hashable, float] = {}
    number: dict[Hashable, int] = {}
    for pair, is_accepted, share in zip(pairs, accepted, at_suspicion, strict=True):
        excess[pair] = excess.get(pair, 0.0) + float(is_accepted) - float(share)
        number[pair] = number.get(pair, 0) + 1
    shift = np.array(
        [excess.get(pair, 0.0) / (number.get(pair, 0) + PAIR_WEIGHT) for pair in suspect_pairs],
        dtype=np.float64,
    )
    expected = np.asarray(curve.predict(suspect_suspicion), dtype=np.float64) + shift
    return np.clip(expected, edge, 1 - edge)


def refresh_expected_right(connection: Connection, audit_id: int | None = None) -> int:
    """Writes `expected_right` of the suspects of an audit, by default the latest; returns the number of changed rows.

    The decisions in effect on suspects count, except `unsure` and `wrong_recording`. NULL before 100 decisions.
    """
    chosen: int | None = audit_id or connection.execute(sa.select(latest_audit("labels"))).scalar_one()
    if chosen is None:
        return 0
    decisions = connection.execute(_decisions_on_suspects()).all()
    suspects = connection.execute(
        sa.select(
            suspect.c.id,
            suspect.c.suspicion,
            suspect.c.genre_id,
            suspect.c.suggested_genre_id,
            suspect.c.expected_right,
        )
        .where(suspect.c.audit_id == chosen, suspect.c.relation != "narrower")
        .order_by(suspect.c.id)
    ).all()
    estimates = expected_right(
        np.array([row.suspicion for row in decisions], dtype=np.float64),
        np.array([_is_accepted(row) for row in decisions], dtype=np.bool_),
        [(row.genre_id, row.suggested_genre_id) for row in decisions],
        np.array([row.suspicion for row in suspects], dtype=np.float64),
        [(row.genre_id, row.suggested_genre_id) for row in suspects],
    )
    shares = [None] * len(suspects) if estimates is None else [round(float(each), 3) for each in estimates]
    changes = [
        {"key": row.id, "share": share}
        for row, share in zip(suspects, shares, strict=True)
        if row.expected_right != share
    ]
    if changes:
        connection.execute(
            sa.update(suspect)
            .where(suspect.c.id == sa.bindparam("key"))
            .values(expected_right=sa.bindparam("share")),
            changes,
        )
    return len(changes)


def refresh_after_decisions(connection: Connection, change: int) -> None:
    """Refreshes after `change` decisions were made or undone: at every tenth decision, and at the threshold."""
    query = sa.select(sa.func.count()).select_from(_decisions_on_suspects().subquery())
    number = int(connection.execute(query).scalar_one())
    if number + change < FEWEST_DECISIONS:
        return
    step = number // DECISIONS_PER_REFRESH
    if any((number + sign * change) // DECISIONS_PER_REFRESH != step for sign in (-1, 1)):
        refresh_expected_right(connection)


def _decisions_on_suspects() -> sa.Select[tuple[str, int | None, float, int, int]]:
    """The decisions in effect on suspects that accept or reject, with the suspicion at that time."""
    undoing = decision.alias()
    return (
        sa.select(
            decision.c.verdict,
            decision.c.chosen_genre_id,
            suspect.c.suspicion,
            suspect.c.genre_id,
            suspect.c.suggested_genre_id,
        )
        .join_from(decision, suspect, suspect.c.id == decision.c.suspect_id)
        .where(
            decision.c.verdict.in_(["keep", "accept", "relabel", "add"]),
            ~sa.exists().where(undoing.c.undoes_id == decision.c.id),
        )
        .order_by(decision.c.id)
    )


def _is_accepted(row: sa.Row[tuple[str, int | None, float, int, int]]) -> bool:
    """The suggestion was right: accepted as it is, or chosen by name."""
    return row.verdict in {"accept", "relabel"} and row.chosen_genre_id in {None, row.suggested_genre_id}
