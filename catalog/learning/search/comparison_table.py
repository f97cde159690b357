"""Comparisons as rows: how every candidate did on the same folds, and the baselines beside them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from catalog.learning.metrics.baselines import artist_majority, majority_class
from catalog.learning.metrics.evaluation import Evaluation, evaluate
from catalog.learning.search.search import CandidateResult, SearchData


def comparison_rows(ground: SearchData, standings: Sequence[CandidateResult]) -> list[dict[str, Any]]:
    """A row for each candidate and for each baseline, the best by macro F1 first, what cannot be fitted last.

    Accuracy and macro F1 are 0 to 1, with the middle 95 % of each when artists are drawn anew; seconds are those of
    all folds together.
    """
    rows = [
        {
            "algorithm": one.candidate.algorithm,
            "feature_sets": "+".join(one.candidate.feature_sets),
            **_scores(one.evaluation),
            "seconds": round(one.seconds, 2),
            "remark": one.reason,
        }
        for one in standings
    ]
    rows += [
        {"algorithm": name, "feature_sets": None, **_scores(found), "seconds": None, "remark": "a baseline"}
        for name, found in baselines(ground).items()
    ]
    return sorted(rows, key=lambda row: -1.0 if row["macro_f1"] is None else row["macro_f1"], reverse=True)


def baselines(ground: SearchData) -> dict[str, Evaluation]:
    """What needs no sound: always the commonest genre, and the commonest one of the artist's other tracks."""
    members = ground.members
    choices = {
        "always the commonest genre": majority_class(members.y, ground.folds),
        "copying the artist's other tracks": artist_majority(members.y, ground.artists),
    }
    return {
        name: evaluate(members.y, choice, members.groups, members.classes, seed=ground.seed)
        for name, choice in choices.items()
    }


def _scores(found: Evaluation | None) -> dict[str, float | None]:
    scores: dict[str, float | None] = {}
    for name in ("accuracy", "macro_f1"):
        measured = None if found is None else getattr(found, name)
        scores[name] = None if measured is None else measured.value
        scores[f"{name}_low"] = None if measured is None else measured.low
        scores[f"{name}_high"] = None if measured is None else measured.high
    return scores
