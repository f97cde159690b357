"""Successive halving: many candidates on a small share of the training set, the best third of them on three times as much.

Jamieson and Talwalkar, "Non-stochastic best arm identification and hyperparameter optimization" (2016); every round
is given about the same work.
"""

from __future__ import annotations

from dataclasses import dataclass

ETA = 3


@dataclass(frozen=True)
class HalvingRound:
    """One round of a search."""

    candidates: int
    """How many enter it."""
    share: float
    """The share of each training part that they learn from."""


def halving_schedule(candidates: int, fewest_groups: int) -> list[HalvingRound]:
    """The rounds for so many candidates; the last one is on the whole training part.

    `fewest_groups` is in how many groups of a training part its rarest class occurs: a share that leaves it fewer than
    one is not begun with, as whole groups are taken.
    """
    if candidates < 1:
        raise ValueError("there is no candidate")
    halvings, left = 0, candidates
    while left > 1 and ETA ** (halvings + 1) <= fewest_groups:
        left = -(-left // ETA)
        halvings += 1
    rounds = []
    left = candidates
    for at in range(halvings + 1):
        rounds.append(HalvingRound(left, 1 / ETA ** (halvings - at)))
        left = -(-left // ETA)
    return rounds
