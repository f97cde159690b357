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

    @property
    def remark(self) -> str:
        """Failures, rate and time left in words: "2 failed, 4.1 a second, 3 min left"."""
        parts = []
        if self.failed:
            parts.append(f"{self.failed:,} failed")
        if self.per_second:
            parts.append(f"{self.per_second:.1f} a second")
        left = self.seconds_left
        if left is not None:
            minutes, hours = round(left / 60), left / 3600
            parts.append(
                f"{left:.0f} s left"
                if left < 90
                else f"{minutes} min left"
                if minutes < 90
                else f"{hours:.1f} h left"
            )
        return ", ".join(parts)


@dataclass(frozen=True)
class AnalysisReport:
    """What a run of the analysis did."""

    analyzed: int
    failed: int
    missing: int
    """Files that were found to be gone."""
    out_of_reach: int
    """Tracks left pending because their collection's folder is not there."""
    seconds: float
