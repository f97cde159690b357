"""How far a run of the analysis is, and what it did."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """Where a run of the analysis stands."""

    total: int
    """Tracks that were pending at the start."""
    remaining: int
    """Tracks that are not done, those among them that somebody is at work on."""
    failed: int
    """Tracks that have failed since the start."""
    seconds: float
    """Since the start."""
    per_second: float | None
    """Tracks a second; None while there is nothing to go by."""

    @property
    def done(self) -> int:
        """Tracks that need nothing more, those that failed among them."""
        return max(0, self.total - self.remaining)

    @property
    def seconds_left(self) -> float | None:
        """An estimate; None while there is nothing to go by."""
        return self.remaining / self.per_second if self.per_second else None


@dataclass(frozen=True)
class AnalysisReport:
    """What a run of the analysis did."""

    analysed: int
    failed: int
    missing: int
    """Files that were found to be gone."""
    out_of_reach: int
    """Tracks left pending because their collection's folder is not there."""
    seconds: float
