from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, cast

import pytest
from sqlalchemy import RowMapping

from catalog.dataclass_json import StoredJsonError
from catalog.learning.scoring.gate import Comparison, PromotionVerdict
from catalog.learning.scoring.hierarchy_selection import StructureChoice, StructureScore
from catalog.learning.scoring.model_metrics import ModelMetrics, ShareAccuracy, metrics_of
from tests.sample_metrics import METRICS, interval, sample_search, stored_metrics


def read(stored: dict[str, Any]) -> ModelMetrics | None:
    return metrics_of(cast(RowMapping, {"metrics": json.loads(json.dumps(stored))}))


def test_metrics_survive_storage() -> None:
    gate = PromotionVerdict(1, Comparison(10, 5, 0.5, 0.4, interval(0.1)), None)
    choice = StructureChoice("local", StructureScore(0.5, 0.6), StructureScore(0.4, 0.5))
    metrics = replace(METRICS, gate=gate, hierarchy=choice, search=sample_search(), predicted_from="abc")
    assert read(metrics.to_json()) == metrics


def test_a_model_without_scores_has_no_metrics() -> None:
    assert read({"reason": "too few labels"}) is None


def test_unexpected_json_is_refused() -> None:
    with pytest.raises(StoredJsonError, match="unknown key 'known_artists'"):
        read({**stored_metrics(), "known_artists": None})
    incomplete = stored_metrics()
    del incomplete["folds"]
    with pytest.raises(StoredJsonError, match="'folds' is missing"):
        read(incomplete)
    with pytest.raises(StoredJsonError, match=r"ModelMetrics\.tracks: unexpected value 'many'"):
        read({**stored_metrics(), "tracks": "many"})


def test_the_honest_scores_of_a_search_replace_the_fitted_ones() -> None:
    search = replace(sample_search(), as_fitted=None)
    metrics = METRICS.with_search(search)
    assert metrics.macro_f1 == search.honest.macro_f1
    assert metrics.search is not None
    assert metrics.search.as_fitted is not None
    assert metrics.search.as_fitted.macro_f1 == METRICS.macro_f1


def test_a_missed_precision_and_a_flat_confidence_are_reported() -> None:
    assert METRICS.confidence_warnings == ()
    flat = tuple(ShareAccuracy(share / 10, 0.72) for share in range(1, 11))
    precision, confidence = replace(
        METRICS, answered_precision=0.83, accuracy_at_share=flat
    ).confidence_warnings
    assert precision == "Precision is 83\u00a0%; the target of 85\u00a0% is missed."
    assert confidence.startswith("The most confident fifth of the predictions is correct for 72\u00a0%")
