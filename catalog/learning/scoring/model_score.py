"""The score of a model as it is stored and shown: out of fold, beside the baselines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from catalog.arrays import Booleans, Integers
from catalog.learning.dataset.hierarchy import Hierarchy
from catalog.learning.dataset.labeled_tracks import LabeledTracks
from catalog.learning.dataset.snapshot import Snapshot
from catalog.learning.fitting.abstention import NOTHING, is_correct
from catalog.learning.fitting.album_averaging import album_units
from catalog.learning.fitting.calibration import expected_calibration_error, perfect_calibration_error
from catalog.learning.fitting.cross_fit import CrossFit
from catalog.learning.metrics.average_precision import average_precisions
from catalog.learning.metrics.baselines import artist_majority, majority_class
from catalog.learning.metrics.bootstrap import mean_interval
from catalog.learning.metrics.evaluation import Evaluation, evaluate
from catalog.learning.metrics.probability_scores import (
    accuracy_at_shares,
    brier_score,
    log_loss,
    top_k_accuracy,
)
from catalog.learning.scoring.album_score import album_score
from catalog.learning.scoring.artist_aware_score import ArtistAwareScore
from catalog.learning.scoring.hierarchical_metrics import hierarchical_score

FIRST = 3


@dataclass(frozen=True, eq=False)
class ModelScore:
    """All that a model of n tracks is scored by."""

    snapshot: Snapshot
    fitted: CrossFit
    repeated: Integers
    """(seeds - 1, n): choices on folds dealt anew."""
    by_random_folds: Integers | None
    """(n,): choices where artists may sit on both sides; None where that was not tried."""
    given: Booleans
    """(n, classes): all classes that each track was given."""
    complete: Booleans
    """(n,): whether a class not given is denied."""
    known_artists: ArtistAwareScore


def score_model(
    scored: ModelScore,
    tracks: LabeledTracks,
    hierarchy: Hierarchy,
    names: Mapping[int, str],
    *,
    precision: float,
) -> dict[str, Any]:
    """What `model.metrics` holds: shares are 0 to 1, intervals have `value`, `low` and `high`."""
    frozen, fitted = scored.snapshot, scored.fitted
    y, groups, seed = frozen.y, frozen.groups.number, frozen.seed
    choices = np.concatenate([fitted.choice[None, :], scored.repeated])
    evaluation = evaluate(y, choices, groups, len(frozen.classes), seed=seed)
    positions = tracks.at(frozen.track_ids)
    artists = [tracks.artists[at] for at in positions]
    units = album_units([tracks.albums[at] for at in positions], artists)
    genres = [names[genre] for genre in frozen.classes]
    return {
        "accuracy": asdict(evaluation.accuracy),
        "balanced_accuracy": asdict(evaluation.balanced_accuracy),
        "macro_f1": asdict(evaluation.macro_f1),
        "top_3_accuracy": asdict(
            mean_interval(top_k_accuracy(fitted.probability, y, FIRST), groups, seed=seed)
        ),
        "fold_seeds": len(choices),
        "folds": int(np.unique(fitted.fold).size),
        "baselines": {
            "majority": asdict(mean_interval(majority_class(y, fitted.fold) == y, groups, seed=seed)),
            "artist_copy": asdict(mean_interval(artist_majority(y, artists) == y, groups, seed=seed)),
        },
        "known_artists": asdict(scored.known_artists),
        "random_folds": _random(scored),
        **_probabilities(scored),
        **_answers(scored, hierarchy, precision),
        "by_album": asdict(album_score(fitted.probability, y, units, groups, hierarchy, precision=precision)),
        "several_genres": _several(scored, hierarchy, genres),
        "tracks": len(y),
        "classes": len(frozen.classes),
        "groups": len(frozen.groups.sizes),
        "largest_group": frozen.groups.largest,
        "without_artist_share": frozen.groups.without_artist_share,
        **_by_class(evaluation, genres),
    }


def _random(scored: ModelScore) -> dict[str, float] | None:
    if scored.by_random_folds is None:
        return None
    frozen = scored.snapshot
    found = evaluate(
        frozen.y, scored.by_random_folds, np.arange(len(frozen.y)), len(frozen.classes), resamples=1
    )
    return {"accuracy": found.accuracy.value, "macro_f1": found.macro_f1.value}


def _probabilities(scored: ModelScore) -> dict[str, Any]:
    probability, frozen = scored.fitted.probability, scored.snapshot
    return {
        "log_loss": log_loss(probability, frozen.y),
        "brier_score": brier_score(probability, frozen.y),
        "calibration_error": expected_calibration_error(probability, frozen.y),
        "calibration_error_if_perfect": asdict(perfect_calibration_error(probability, seed=frozen.seed)),
        "calibration_error_if_perfect_by_artist": asdict(
            perfect_calibration_error(probability, frozen.groups.number, seed=frozen.seed)
        ),
        "accuracy_at_share": [
            {"share": share, "accuracy": accuracy}
            for share, accuracy in accuracy_at_shares(probability, frozen.y)
        ],
    }


def _answers(scored: ModelScore, hierarchy: Hierarchy, precision: float) -> dict[str, Any]:
    y, node = scored.snapshot.y, scored.fitted.answers.node
    answered = node != NOTHING
    correct = is_correct(node, y, hierarchy)
    threshold = scored.fitted.model.threshold
    return {
        "precision_target": precision,
        "share_answered": float(answered.mean()),
        "answered_precision": float(correct[answered].mean()) if answered.any() else None,
        # Of tracks whose own genre is taken from the model: how many get no wrong answer, the mean over genres.
        "novelty": {
            "least_resemblance": threshold.resemblance,
            "held_back": threshold.held_back,
            "held_back_by_probability_alone": threshold.held_back_by_probability,
        },
        "hierarchical": {
            "first_choice": asdict(hierarchical_score(scored.fitted.choice, y, hierarchy)),
            "answers": asdict(hierarchical_score(node, y, hierarchy)),
        },
    }


def _several(scored: ModelScore, hierarchy: Hierarchy, genres: list[str]) -> dict[str, Any] | None:
    """None where every track has one genre and its terms above: accuracy says it all then."""
    frozen = scored.snapshot
    with_terms_above = hierarchy.below[: len(genres)].sum(axis=0)
    beyond = scored.given.sum(axis=1) > with_terms_above[frozen.y]
    if not beyond.any():
        return None
    subtree = hierarchy.subtree_probability(scored.fitted.probability)[:, : len(genres)]
    rows = average_precisions(subtree, scored.given, scored.complete)
    return {
        "tracks_with_several": int(beyond.sum()),
        "tracks_with_complete_tags": int(scored.complete.sum()),
        "average_precision": [
            {"genre": genre, **asdict(row)} for genre, row in zip(genres, rows, strict=True)
        ],
    }


def _by_class(evaluation: Evaluation, genres: list[str]) -> dict[str, Any]:
    return {
        "per_class": [
            {
                "genre": genre,
                "tracks": one.tracks,
                "precision": one.precision,
                "recall": one.recall,
                "f1": one.f1,
            }
            for genre, one in zip(genres, evaluation.by_class, strict=True)
        ],
        "confusion": {"genres": genres, "tracks": evaluation.confusion.tolist()},
    }
