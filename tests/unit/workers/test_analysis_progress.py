"""Progress in words and numbers."""

from __future__ import annotations

import pytest

from workers.pool.analysis_run import Progress


@pytest.mark.parametrize(
    ("remaining", "failed", "per_second", "remark"),
    [
        (10, 0, None, ""),
        (10, 2, None, "2 failed"),
        (10, 0, 4.0, "4.0 a second"),
        (800, 2, 4.1, "2 failed, 4.1 a second"),
        (50_000, 0, None, "starting workers"),
    ],
)
def test_the_remark_holds_failures_and_rate_or_the_warm_up(
    remaining: int, failed: int, per_second: float | None, remark: str
) -> None:
    assert Progress(50_000, remaining, failed, 1.0, per_second).remark == remark


def test_tracks_that_were_added_during_the_run_do_not_make_it_negative() -> None:
    assert Progress(10, 12, 0, 1.0, None).done == 0
