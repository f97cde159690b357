"""Table of candidates and baselines, scored on the same folds."""

from collections.abc import Sequence
from typing import Any

from catalog.learning.metrics.baselines import artist_majority, majority_class
from catalog.learning.metrics.evaluation import Evaluation, evaluate
from catalog.learning.search.search import CandidateResult, SearchData


def comparison_rows(data: SearchData, results: Sequence[CandidateResult]) -> list[dict[str, Any]]:
    """A row for each candidate and baseline, best macro F1 first; candidates that cannot be fitted come last.

    Accuracy and macro F1 are 0 to 1, with 95 % intervals (bootstrap over artists); seconds are the total of all folds.
    """
    rows = [
        {
            "algorithm": result.candidate.algorithm,
            "feature_sets": "+".join(result.candidate.feature_sets),
            **_scores(result.evaluation),
            "seconds": round(result.seconds, 2),
            "remark": result.reason,
        }
        for result in results
    ]
    rows += [
        {"algorithm": name, "feature_sets": None, **_scores(score), "seconds": None, "remark": "baseline"}
        for name, score in baselines(data).items()
    ]
    return sorted(rows, key=lambda row: -1.0 if row["macro_f1"] is None else row["macro_f1"], reverse=True)


def baselines(data: SearchData) -> dict[str, Evaluation]:
    """Predictions without audio: the most common genre, and the most common one of the artist's other tracks."""
    members = data.members
    choices = {
        "most common genre": majority_class(members.y, data.folds),
        "artist's other tracks": artist_majority(members.y, data.artists),
    }
    return {
        name: evaluate(members.y, choice, members.groups, members.classes, seed=data.seed)
        for name, choice in choices.items()
    }


def _scores(evaluation: Evaluation | None) -> dict[str, float | None]:
    scores: dict[str, float | None] = {}
    for name in ("accuracy", "macro_f1"):
        interval = None if evaluation is None else getattr(evaluation, name)
        scores[name] = None if interval is None else interval.value
        scores[f"{name}_low"] = None if interval is None else interval.low
        scores[f"{name}_high"] = None if interval is None else interval.high
    return scores
