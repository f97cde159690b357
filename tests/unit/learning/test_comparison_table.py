from __future__ import annotations

import numpy as np

from catalog.learning.dataset.snapshot_data import SnapshotTracks
from catalog.learning.metrics.evaluation import evaluate
from catalog.learning.search.candidates import Candidate
from catalog.learning.search.comparison_table import comparison_rows
from catalog.learning.search.search import CandidateResult, SearchData


def test_candidates_and_baselines_are_ranked_by_macro_f1() -> None:
    y, groups = np.arange(40) % 2, np.arange(40) // 4
    tracks = SnapshotTracks(np.arange(40), y, groups, 2)
    data = SearchData(1, tracks, {}, 0, [f"artist {group}" for group in groups])
    exact = evaluate(y, y, groups, 2, resamples=2)
    results = [
        CandidateResult(Candidate("broken", {}, ("a",)), None, 0.5, "ValueError: no"),
        CandidateResult(Candidate("exact", {}, ("a", "b")), exact, 1.234, None),
    ]
    rows = comparison_rows(data, results)
    assert [row["algorithm"] for row in rows][:: len(rows) - 1] == ["exact", "broken"]
    assert {row["remark"] for row in rows[1:-1]} == {"baseline"}
    assert (rows[0]["feature_sets"], rows[0]["accuracy"], rows[0]["seconds"]) == ("a+b", 1.0, 1.23)
    assert (rows[-1]["macro_f1"], rows[-1]["remark"]) == (None, "ValueError: no")
