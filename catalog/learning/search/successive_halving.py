"""Successive halving: many candidates on a small share of the training set, then the best third on three times as much.

Jamieson and Talwalkar, "Non-stochastic best arm identification and hyperparameter optimization" (2016). Each
round has about the same cost.
"""

from __future__ import annotations

from dataclasses import dataclass

ETA = 3


@dataclass(frozen=True)
class HalvingRound:
    """One round of a search."""

    candidates: int
    """Number of candidates."""
    share: float
    """Share of each training part that they are fitted on."""


def halving_schedule(candidates: int, fewest_groups: int) -> list[HalvingRound]:
    """The rounds for a number of candidates; the last round uses the whole training part.

    `fewest_groups` is the number of groups of a training part with its rarest class. The first share leaves that class
    at least one group, because groups are not divided.
    """
    if candidates < 1:
        raise ValueError("there are no candidates")
    halvings, remaining = 0, candidates
    while remaining > 1 and ETA ** (halvings + 1) <= fewest_groups:
        remaining = -(-remaining // ETA)
        halvings += 1
    rounds = []
    remaining = candidates
    for at in range(halvings + 1):
        rounds.append(HalvingRound(remaining, 1 / ETA ** (halvings - at)))
        remaining = -(-remaining // ETA)
    return rounds
