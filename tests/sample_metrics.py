"""Complete metrics of a trained model, for tests of their readers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from catalog.learning.fitting.album_score import AlbumScore, UnitScore
from catalog.learning.metrics.bootstrap import Interval
from catalog.learning.metrics.probability_scores import AveragePrecision
from catalog.learning.scoring.artist_aware_score import ArtistAwareScore
from catalog.learning.scoring.hierarchical_metrics import HierarchicalScore
from catalog.learning.scoring.model_metrics import (
    Baselines,
    ConfusionMatrix,
    GenreScore,
    HierarchicalScores,
    ModelMetrics,
    MultilabelScore,
    NoveltyScore,
    RandomFoldScore,
    SearchSummary,
    SelectionScore,
    ShareAccuracy,
)


def interval(value: float, half: float = 0.1) -> Interval:
    """An interval around a value."""
    return Interval(value, round(value - half, 6), round(value + half, 6))


def sample_search(candidates: int = 20, *, nested: bool = True) -> SearchSummary:
    """The summary of a random search."""
    score = SelectionScore(interval(0.7), interval(0.6), interval(0.5))
    return SearchSummary(1, "random", candidates, nested, "flat", score, score, (), score)


METRICS = ModelMetrics(
    accuracy=interval(0.71),
    balanced_accuracy=interval(0.42),
    macro_f1=interval(0.45),
    top_3_accuracy=interval(0.96),
    fold_seeds=5,
    folds=5,
    baselines=Baselines(interval(0.65), interval(0.79)),
    artist_aware=ArtistAwareScore(interval(0.84), interval(0.74), 0.9, 0.86, ()),
    random_folds=RandomFoldScore(0.82, 0.6),
    log_loss=0.921,
    brier_score=0.491,
    calibration_error=0.09,
    calibration_error_if_perfect=Interval(0.06, 0.04, 0.1),
    calibration_error_if_perfect_by_artist=Interval(0.1, 0.05, 0.23),
    accuracy_at_share=tuple(ShareAccuracy(share / 10, 1 - share / 40) for share in range(1, 11)),
    precision_target=0.85,
    share_answered=0.8,
    answered_precision=0.86,
    novelty=NoveltyScore(None, None, None),
    hierarchical=HierarchicalScores(HierarchicalScore(0.84, 0.78, 0.81), HierarchicalScore(0.9, 0.7, 0.79)),
    by_album=AlbumScore(
        albums=43,
        tracks=95,
        by_track=UnitScore(0.68, 0.45, 0.95),
        by_album=UnitScore(0.69, 0.47, 0.92),
        mean="geometric",
        threshold=0.4,
        unit="album",
        reason="the log loss of album averages is lower and macro F1 is not",
    ),
    several_genres=MultilabelScore(
        12,
        5,
        (
            AveragePrecision("Rock", 10, 0.8, 0.6, 0.3),
            AveragePrecision("Pop", 5, None, 0.4, 0.2),
        ),
    ),
    tracks=303,
    classes=2,
    groups=68,
    largest_group=40,
    without_artist_share=0.02,
    per_class=(GenreScore("Pop", 44, 0.25, 0.02, 0.04), GenreScore("Rock", 198, 0.73, 0.96, 0.83)),
    confusion=ConfusionMatrix(("Pop", "Rock"), ((1, 41), (3, 191))),
)


def stored_metrics(**changes: Any) -> dict[str, Any]:
    """The metrics as the column `model.metrics` stores them, with other values for some fields."""
    return replace(METRICS, **changes).to_json()
