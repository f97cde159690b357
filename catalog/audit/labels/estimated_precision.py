"""What share of such suspects people have accepted: from their decisions alone, never from injected noise."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
import numpy.typing as npt

from catalog.arrays import Floats

FEWEST_DECISIONS = 100
"""Below this nothing is said: the interval of a share would be wider than 20 points."""
PAIR_WEIGHT = 10.0
"""How many decisions on a pair of genres weigh as much as all others of that suspicion."""


def expected_right(
    suspicion: Floats,
    accepted: npt.NDArray[np.bool_],
    pairs: Sequence[Hashable],
    asked: Floats,
    asked_pairs: Sequence[Hashable],
) -> Floats | None:
    """(m,): for m suspects the share of right ones, 0 to 1; None where fewer than `FEWEST_DECISIONS` were decided.

    From n decisions with their suspicion (n,), whether each was accepted (n,), and the pair of genres of each (n). By
    suspicion the share never falls (isotonic regression, Barlow et al. 1972); ends are kept off 0 and 1 as by one
    decision of either kind. Where people decided on the pair itself, the share is drawn to the pair's: its excess over
    what suspicion alone gives, weighed by its number (a beta-binomial mean with a prior of `PAIR_WEIGHT` decisions).
    """
    if len(suspicion) < FEWEST_DECISIONS:
        return None
    from sklearn.isotonic import IsotonicRegression  # a second to import

    edge = 1.0 / (len(suspicion) + 2)
    curve = IsotonicRegression(y_min=edge, y_max=1 - edge, out_of_bounds="clip")
    curve.fit(suspicion, accepted.astype(np.float64))
    usual = np.asarray(curve.predict(suspicion), dtype=np.float64)
    excess: dict[Hashable, float] = {}
    number: dict[Hashable, int] = {}
    for pair, was, share in zip(pairs, accepted, usual, strict=True):
        excess[pair] = excess.get(pair, 0.0) + float(was) - float(share)
        number[pair] = number.get(pair, 0) + 1
    shift = np.array(
        [excess.get(pair, 0.0) / (number.get(pair, 0) + PAIR_WEIGHT) for pair in asked_pairs],
        dtype=np.float64,
    )
    expected = np.asarray(curve.predict(asked), dtype=np.float64) + shift
    return np.clip(expected, edge, 1 - edge)
