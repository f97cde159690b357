"""Progress and final report of a run of the analysis."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """The progress of a run of the analysis."""

    total: int
    """Tracks that were pending at the start."""
    remaining: int
    """Tracks that are not done, including those at work."""
    failed: int
    """Tracks that have failed since the start."""
    seconds: float
    """Since the start."""
    per_second: float | None
    """Tracks per second; None until it can be estimated."""

    @property
    def done(self) -> int:
        """Tracks that are done, including failed ones."""
        return max(0, self.total - self.remaining)

    @property
    def seconds_left(self) -> float | None:
        """An estimate; None until the rate is known."""
        return self.remaining / self.per_second if self.per_second else None

    @property
    def remark(self) -> str:
        """Failures, rate and time left: "2 failed, 4.1 a second, 3 min left"."""
        parts = []
        if self.failed:
            parts.append(f"{self.failed:,} failed")
        if self.per_second:
            parts.append(f"{self.per_second:.1f} a second")
        if self.seconds_left is not None:
            parts.append(f"{_duration(self.seconds_left)} left")
        return ", ".join(parts)


@dataclass(frozen=True)
class AnalysisReport:
    """The results of a run of the analysis."""

    analyzed: int
    failed: int
    missing: int
    """Files that do not exist any more."""
    unmounted: int
    """Tracks that stay pending because the folder of their collection is not mounted."""
    seconds: float


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 90 else f"{seconds / 3600:.1f} h"
