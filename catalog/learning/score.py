"""The score of a model as it is stored and shown: out of fold, beside the baselines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from catalog.learning.baselines import artist_majority, majority_class
from catalog.learning.calibration import expected_calibration_error
from catalog.learning.crossfit import CrossFit
from catalog.learning.evaluation import evaluate
from catalog.learning.hierarchy import Hierarchy
from catalog.learning.labelled import Tracks
from catalog.learning.snapshot import Snapshot
from catalog.learning.threshold import NOTHING, right


def score(
    frozen: Snapshot,
    fitted: CrossFit,
    tracks: Tracks,
    hierarchy: Hierarchy,
    names: Mapping[int, str],
    *,
    precision: float,
) -> dict[str, Any]:
    """What `model.metrics` holds: shares are 0 to 1, intervals have `value`, `low` and `high`."""
    groups = frozen.groups.number
    evaluation = evaluate(frozen.y, fitted.choice, groups, len(frozen.classes), seed=frozen.seed)
    artists = [tracks.artists[at] for at in tracks.at(frozen.track_ids)]
    answered = fitted.answers.node != NOTHING
    correct = right(fitted.answers.node, frozen.y, hierarchy)
    return {
        "accuracy": asdict(evaluation.accuracy),
        "balanced_accuracy": asdict(evaluation.balanced_accuracy),
        "macro_f1": asdict(evaluation.macro_f1),
        "baselines": {
            "majority": float(np.mean(majority_class(frozen.y, fitted.fold) == frozen.y)),
            "artist_copy": float(np.mean(artist_majority(frozen.y, artists) == frozen.y)),
        },
        "calibration_error": expected_calibration_error(fitted.probability, frozen.y),
        "tracks": len(frozen.y),
        "classes": len(frozen.classes),
        "groups": len(frozen.groups.sizes),
        "largest_group": frozen.groups.largest,
        "without_artist_share": frozen.groups.without_artist_share,
        "precision_target": precision,
        "share_answered": float(answered.mean()),
        "answered_precision": float(correct[answered].mean()) if answered.any() else None,
        "per_class": [
            {
                "genre": names[genre],
                "tracks": one.tracks,
                "precision": one.precision,
                "recall": one.recall,
                "f1": one.f1,
            }
            for genre, one in zip(frozen.classes, evaluation.by_class, strict=True)
        ],
    }
