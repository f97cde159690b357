"""Feature importance on synthetic vectors with known feature groups."""

import numpy as np
import pytest

from catalog.learning.classifiers import get_algorithm
from catalog.learning.scoring import importance
from catalog.learning.scoring.importance import (
    Importances,
    SingleFeatureGroupError,
    columns_by_group,
    importances,
)

Problem = tuple[np.ndarray, np.ndarray, np.ndarray]
GENRES = ["Ambient", "Jazz", "Metal"]
DIMENSIONS = [f"{feature}.mean.{number:02d}" for feature in ("mel", "mfcc", "zcr") for number in (1, 2)]


@pytest.fixture(scope="module")
def problem() -> Problem:
    """Ten artists per genre with four tracks each.

    mel separates Ambient from the others, mfcc Jazz from Metal; zcr is noise.
    """
    random = np.random.default_rng(3)
    y = np.repeat([0, 1, 2], 40)
    groups = np.arange(120) // 4
    mel = np.where(y == 0, 3.0, 0.0)[:, None] + random.normal(0, 0.6, (120, 2))
    mfcc = np.array([0.0, 3.0, -3.0])[y][:, None] + random.normal(0, 1.2, (120, 2))
    zcr = random.normal(size=(120, 2))
    X = np.hstack([mel, mfcc, zcr]).astype(np.float32)
    return X, y.astype(np.int64), groups.astype(np.int64)


@pytest.fixture(scope="module")
def result(problem: Problem) -> Importances:
    return importances(*problem, GENRES, DIMENSIONS, get_algorithm("logistic_regression"))


def test_noise_has_no_importance_and_the_values_lie_in_their_intervals(result: Importances) -> None:
    noise = next(group for group in result.feature_groups if group.name == "zero crossings")
    assert abs(noise.permuted.value) < 0.05
    assert noise.alone.value < 0.5 < result.full.value
    for group in result.feature_groups:
        for score in (group.permuted, group.alone, *(row.f1_drop for row in group.by_genre)):
            assert score.low <= score.value <= score.high


def test_groups_are_ordered_by_the_score_lost_when_permuted(result: Importances) -> None:
    drops = [group.permuted.value for group in result.feature_groups]
    assert drops == sorted(drops, reverse=True)
    assert drops[0] > 0.2


def test_by_genre(result: Importances) -> None:
    mfcc = next(group for group in result.feature_groups if group.name == "MFCC")
    mel = next(group for group in result.feature_groups if group.name == "mel spectrum")
    drops = {row.genre: row.f1_drop.value for row in mfcc.by_genre}
    assert min(drops["Jazz"], drops["Metal"]) > drops["Ambient"]
    alone = {row.genre: row.alone_f1 for row in mel.by_genre}
    assert alone["Ambient"] > 0.95 > max(alone["Jazz"], alone["Metal"])


def test_the_same_seed_gives_the_same_result(result: Importances, problem: Problem) -> None:
    assert importances(*problem, GENRES, DIMENSIONS, get_algorithm("logistic_regression")) == result


def test_of_more_tracks_than_the_bound_some_of_every_genre_are_sampled(
    problem: Problem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importance, "MAX_TRACKS", 60)
    progress: list[tuple[int, int]] = []
    result = importances(
        *problem,
        GENRES,
        DIMENSIONS,
        get_algorithm("naive_bayes"),
        on_progress=lambda done, total: progress.append((done, total)),
    )
    assert (result.tracks, result.classes) == (60, 3)
    assert result.groups > 20
    assert progress[-1][0] == progress[-1][1] == len(progress)


def test_few_artists_with_many_tracks_are_all_sampled(
    problem: Problem, monkeypatch: pytest.MonkeyPatch
) -> None:
    X, y, _ = problem
    monkeypatch.setattr(importance, "MAX_TRACKS", 30)
    groups = y * 2 + np.arange(len(y)) % 2  # two artists per genre
    result = importances(X, y, groups, GENRES, DIMENSIONS, get_algorithm("naive_bayes"))
    assert (result.tracks, result.groups, result.classes) == (30, 6, 3)


def test_several_feature_sets_keep_their_blocks(problem: Problem) -> None:
    X, y, groups = problem
    both = importances(X, y, groups, GENRES, DIMENSIONS, get_algorithm("logistic_regression").over((2, 4)))
    assert both.full.value > 0.9


def test_a_single_feature_group_cannot_be_compared() -> None:
    with pytest.raises(SingleFeatureGroupError, match="--feature-set summary"):
        columns_by_group(["grid.01", "grid.02"])


def test_long_vectors_are_assigned_to_folds_once(problem: Problem, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importance, "ASSIGNED_ONCE_ABOVE", len(DIMENSIONS) - 1)
    progress: list[tuple[int, int]] = []
    result = importances(
        *problem,
        GENRES,
        DIMENSIONS,
        get_algorithm("logistic_regression"),
        on_progress=lambda done, total: progress.append((done, total)),
    )
    assert result.fold_assignments == 1
    fits = 5 * (1 + 3)  # folds x (all groups, each group alone)
    assert progress == [(done, fits) for done in range(1, fits + 1)]
