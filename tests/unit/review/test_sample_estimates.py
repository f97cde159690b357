"""Precision and recall of suspects by rank."""

from __future__ import annotations

import pytest

from catalog.review.audit_sample.sample_estimates import ByRank, JudgedTrack, by_rank


def test_precision_and_recall_by_rank() -> None:
    judged = [
        JudgedTrack(1, 10.0, (1,), 1.0, 1, None),
        JudgedTrack(2, 10.0, (1,), 0.0, 30, None),
        JudgedTrack(3, 20.0, (1,), 1.0, None, None),
        JudgedTrack(4, 10.0, (1,), 1.0, 40, None),
    ]
    found = by_rank(judged, 45)
    assert [each.rank for each in found] == [20, 45]
    shares = [(each.precision and each.precision.value, each.recall and each.recall.value) for each in found]
    assert shares == [(1.0, 0.25), (pytest.approx(2 / 3), 0.5)]
    assert by_rank([], 0) == []
    assert by_rank([], 5) == [ByRank(5, None, None)]
