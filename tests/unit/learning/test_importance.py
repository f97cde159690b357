"""Feature importance on made-up vectors whose truth is known."""

import numpy as np
import pytest

from catalog.learning.classifiers import get_algorithm
from catalog.learning.scoring import importance
from catalog.learning.scoring.importance import Importances, SingleFeatureGroupError, importances, parts_of

GENRES = ["Ambient", "Jazz", "Metal"]
DIMENSIONS = [
    f"{family}.mean.{number:02d}" for family in ("mel", "harmonic", "mfcc", "zcr") for number in (1, 2)
]


@pytest.fixture(scope="module")
def problem() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ten artists a genre, four tracks each. mel and harmonic tell Ambient from the others and are copies of one another,
    mfcc tells Jazz from Metal, zcr is noise.
    """
    random = np.random.default_rng(3)
    y = np.repeat([0, 1, 2], 40)
    groups = np.arange(120) // 4
    mel = np.where(y == 0, 3.0, 0.0)[:, None] + random.normal(0, 0.6, (120, 2))
    mfcc = np.array([0.0, 3.0, -3.0])[y][:, None] + random.normal(0, 1.2, (120, 2))
    zcr = random.normal(size=(120, 2))
    X = np.hstack([mel, mel + random.normal(0, 0.05, mel.shape), mfcc, zcr]).astype(np.float32)
    return X, y.astype(np.int64), groups.astype(np.int64)


@pytest.fixture(scope="module")
def found(problem: tuple[np.ndarray, np.ndarray, np.ndarray]) -> Importances:
    return importances(*problem, GENRES, DIMENSIONS, get_algorithm("logistic_regression"))


def test_families_that_say_the_same_are_missed_together_only(found: Importances) -> None:
    parts = {part.families: part for part in found.parts}
    same = next(part for part in found.parts if len(part.families) == 2)
    assert set(same.families) == {"mel spectrum", "harmonic part (H)"}
    alone = parts[("harmonic part (H)",)]
    assert found.parts[alone.within or 0] is same
    assert same.permuted.value > alone.permuted.value + 0.05
    assert alone.alone.value > 0.9 * same.alone.value
    assert same.left_out is not None
    assert same.left_out.value > 0.05
    assert alone.left_out is None


def test_noise_is_not_missed_and_the_scores_lie_in_their_intervals(found: Importances) -> None:
    noise = next(part for part in found.parts if part.families == ("zero crossings",))
    assert abs(noise.permuted.value) < 0.05
    assert noise.alone.value < 0.5 < found.full.value
    for part in found.parts:
        for score in (part.permuted, part.alone, *(one.f1_drop for one in part.by_genre)):
            assert score.low <= score.value <= score.high


def test_by_genre_and_by_pair(found: Importances) -> None:
    mfcc = next(part for part in found.parts if part.families == ("MFCC",))
    mel = next(part for part in found.parts if len(part.families) == 2)
    drops = {one.genre: one.f1_drop.value for one in mfcc.by_genre}
    assert min(drops["Jazz"], drops["Metal"]) > drops["Ambient"]
    assert {pair.genres: pair.alone > 0.9 for pair in mfcc.by_pair}[("Jazz", "Metal")]
    pairs = {pair.genres: pair for pair in mel.by_pair}
    assert pairs[("Jazz", "Metal")].alone < 0.7
    assert pairs[("Ambient", "Jazz")].alone > 0.95
    assert all(0 <= pair.alone <= 1 and pair.full > 0.9 for pair in mel.by_pair)
    drop = mfcc.by_pair[2].drop
    assert drop.value > 0.2
    assert drop.low < drop.value < drop.high


def test_the_same_seed_gives_the_same(
    found: Importances, problem: tuple[np.ndarray, np.ndarray, np.ndarray]
) -> None:
    assert importances(*problem, GENRES, DIMENSIONS, get_algorithm("logistic_regression")) == found


def test_of_more_tracks_than_the_bound_some_of_every_genre_are_looked_at(
    problem: tuple[np.ndarray, np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importance, "MOST_TRACKS", 60)
    told: list[tuple[int, int]] = []
    found = importances(
        *problem,
        GENRES,
        DIMENSIONS,
        get_algorithm("naive_bayes"),
        on_progress=lambda done, total: told.append((done, total)),
    )
    assert (found.tracks, found.classes) == (60, 3)
    assert found.groups > 20
    assert told[-1][0] == told[-1][1] == len(told)


def test_few_artists_with_many_tracks_are_all_looked_at(
    problem: tuple[np.ndarray, np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    X, y, _ = problem
    monkeypatch.setattr(importance, "MOST_TRACKS", 30)
    groups = y * 2 + np.arange(len(y)) % 2  # two artists a genre
    found = importances(X, y, groups, GENRES, DIMENSIONS, get_algorithm("naive_bayes"))
    assert (found.tracks, found.groups, found.classes) == (30, 6, 3)


def test_feature_sets_side_by_side_keep_their_blocks(
    problem: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    X, y, groups = problem
    both = importances(X, y, groups, GENRES, DIMENSIONS, get_algorithm("logistic_regression").over((4, 4)))
    assert both.full.value > 0.9


def test_one_family_cannot_be_compared() -> None:
    with pytest.raises(SingleFeatureGroupError, match="--feature-set summary"):
        parts_of(np.zeros((9, 2), np.float32), ["grid.01", "grid.02"])


def test_of_long_vectors_the_folds_are_dealt_once(
    problem: tuple[np.ndarray, np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importance, "DEALT_ONCE_ABOVE", len(DIMENSIONS) - 1)
    told: list[tuple[int, int]] = []
    once = importances(
        *problem,
        GENRES,
        DIMENSIONS,
        get_algorithm("logistic_regression"),
        on_progress=lambda done, total: told.append((done, total)),
    )
    assert once.deals == 1
    fits = 5 * (1 + 3 + 5)  # folds x (all, without each group, each group and each family of the pair alone)
    assert told == [(done, fits) for done in range(1, fits + 1)]
