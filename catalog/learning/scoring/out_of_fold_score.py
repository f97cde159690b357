"""Out-of-fold score of a new model, with baselines."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from sqlalchemy import Connection

from catalog.arrays import Booleans, Floats, Integers
from catalog.learning.dataset.catalog_tracks import (
    CatalogTracks,
    load_broader,
    load_predictable,
    load_tag_sets,
)
from catalog.learning.dataset.hierarchy import Hierarchy
from catalog.learning.dataset.snapshot import Snapshot
from catalog.learning.fitting.abstention import NOTHING, is_correct, withhold
from catalog.learning.fitting.album_averaging import album_units
from catalog.learning.fitting.album_score import album_score
from catalog.learning.fitting.calibration import expected_calibration_error, perfect_calibration_error
from catalog.learning.fitting.cross_fit import CrossFit
from catalog.learning.metrics.baselines import artist_majority, majority_class
from catalog.learning.metrics.bootstrap import mean_interval
from catalog.learning.metrics.evaluation import Evaluation, evaluate
from catalog.learning.metrics.probability_scores import (
    accuracy_at_shares,
    average_precisions,
    brier_score,
    log_loss,
    top_k_accuracy,
)
from catalog.learning.prediction.predictions import no_music_among
from catalog.learning.scoring.artist_aware_score import score_artist_aware, suggestions_as_if_untagged
from catalog.learning.scoring.champion_refit import Challenger
from catalog.learning.scoring.hierarchical_metrics import hierarchical_score
from catalog.learning.scoring.model_metrics import (
    Baselines,
    ConfusionMatrix,
    GenreScore,
    HierarchicalScores,
    ModelMetrics,
    MultilabelScore,
    NoveltyScore,
    RandomFoldScore,
    ShareAccuracy,
)
from catalog.learning.scoring.repeated_cv import random_fold_choices, repeated_cv_choices


def score_model(
    connection: Connection, challenger: Challenger, tracks: CatalogTracks, names: Mapping[int, str]
) -> ModelMetrics:
    """The metrics of a fitted model, with repeated and random folds; `names` are those of the genres by id."""
    frozen, recipe, hierarchy = challenger.snapshot, challenger.recipe, challenger.hierarchy
    y, groups, seed, classes = frozen.y, frozen.groups.number, frozen.seed, len(frozen.classes)
    # Suggestions are scored as they are made: none for speech and near silence, although some of it is music.
    no_music = no_music_among(connection, frozen.track_ids)
    fitted = replace(challenger.fitted, selections=withhold(challenger.fitted.selections, no_music))
    data = challenger.X, y, groups, classes, recipe.full_algorithm, recipe.parameters
    choices = np.concatenate([fitted.choice[None, :], repeated_cv_choices(*data, seed=seed)])
    evaluation = evaluate(y, choices, groups, classes, seed=seed)
    random_folds = random_fold_choices(*data, seed=seed)
    broader, _ = load_broader(connection)
    tag_sets = load_tag_sets(connection, frozen.track_ids, hierarchy, broader)
    suggested = suggestions_as_if_untagged(
        frozen, fitted, tracks, hierarchy, broader, load_predictable(connection), no_music=no_music
    )
    positions = tracks.at(frozen.track_ids)
    artists = [tracks.artists[at] for at in positions]
    units = album_units([tracks.albums[at] for at in positions], artists)
    genres = [names[genre] for genre in frozen.classes]
    probability, node = fitted.probability, fitted.selections.node
    has_suggestion = node != NOTHING
    correct = is_correct(node, y, hierarchy)
    threshold = fitted.model.threshold
    return ModelMetrics(
        accuracy=evaluation.accuracy,
        balanced_accuracy=evaluation.balanced_accuracy,
        macro_f1=evaluation.macro_f1,
        top_3_accuracy=mean_interval(top_k_accuracy(probability, y, 3), groups, seed=seed),
        fold_seeds=len(choices),
        folds=int(np.unique(fitted.fold).size),
        baselines=_baselines(frozen, fitted, artists),
        artist_aware=score_artist_aware(suggested, fitted.choice, frozen, broader),
        random_folds=None if random_folds is None else _random_fold_score(y, random_folds, classes),
        log_loss=log_loss(probability, y),
        brier_score=brier_score(probability, y),
        calibration_error=expected_calibration_error(probability, y),
        calibration_error_if_perfect=perfect_calibration_error(probability, seed=seed),
        calibration_error_if_perfect_by_artist=perfect_calibration_error(probability, groups, seed=seed),
        accuracy_at_share=tuple(ShareAccuracy(*point) for point in accuracy_at_shares(probability, y)),
        precision_target=challenger.precision,
        share_answered=float(has_suggestion.mean()),
        answered_precision=float(correct[has_suggestion].mean()) if has_suggestion.any() else None,
        novelty=NoveltyScore(threshold.resemblance, threshold.held_back, threshold.held_back_by_probability),
        hierarchical=HierarchicalScores(
            hierarchical_score(fitted.choice, y, hierarchy), hierarchical_score(node, y, hierarchy)
        ),
        by_album=album_score(probability, y, units, groups, hierarchy, precision=challenger.precision),
        several_genres=_multilabel_score(frozen, probability, tag_sets, hierarchy, genres),
        tracks=len(y),
        classes=classes,
        groups=len(frozen.groups.sizes),
        largest_group=frozen.groups.largest,
        without_artist_share=frozen.groups.without_artist_share,
        per_class=_genre_scores(evaluation, genres),
        confusion=ConfusionMatrix(tuple(genres), tuple(map(tuple, evaluation.confusion.tolist()))),
    )


def _baselines(frozen: Snapshot, fitted: CrossFit, artists: Sequence[Hashable | None]) -> Baselines:
    y, groups, seed = frozen.y, frozen.groups.number, frozen.seed
    return Baselines(
        majority=mean_interval(majority_class(y, fitted.fold) == y, groups, seed=seed),
        artist_copy=mean_interval(artist_majority(y, artists) == y, groups, seed=seed),
    )


def _random_fold_score(y: Integers, choice: Integers, classes: int) -> RandomFoldScore:
    evaluation = evaluate(y, choice, np.arange(len(y)), classes, resamples=1)
    return RandomFoldScore(evaluation.accuracy.value, evaluation.macro_f1.value)


def _multilabel_score(
    frozen: Snapshot,
    probability: Floats,
    tag_sets: tuple[Booleans, Booleans],
    hierarchy: Hierarchy,
    genres: list[str],
) -> MultilabelScore | None:
    """None where each track has one genre and its broader terms: accuracy is the whole score then.

    `tag_sets` are all classes of each track (n, classes), and whether a class not among them is denied (n,).
    """
    classes, complete = tag_sets
    with_broader = hierarchy.below[: len(genres)].sum(axis=0)
    has_several = classes.sum(axis=1) > with_broader[frozen.y]
    if not has_several.any():
        return None
    subtree = hierarchy.subtree_probability(probability)[:, : len(genres)]
    return MultilabelScore(
        tracks_with_several=int(has_several.sum()),
        tracks_with_complete_tags=int(complete.sum()),
        average_precision=average_precisions(genres, subtree, classes, complete),
    )


def _genre_scores(evaluation: Evaluation, genres: list[str]) -> tuple[GenreScore, ...]:
    return tuple(
        GenreScore(genre, score.tracks, score.precision, score.recall, score.f1)
        for genre, score in zip(genres, evaluation.by_class, strict=True)
    )
