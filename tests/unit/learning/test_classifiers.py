"""The conformance suite: every classifier that is registered goes through it."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import skops.io
from sklearn.linear_model import LogisticRegression

from catalog.learning.classifiers import (
    ALGORITHMS,
    DEFAULT,
    UnknownClassifierError,
    UnknownParameterError,
    UnusableParameterError,
    class_probabilities,
    get_algorithm,
)
from catalog.learning.classifiers.class_balance import balanced_sample, balanced_weights
from catalog.learning.classifiers.sklearn_classifier import SklearnClassifier, block_weights
from catalog.learning.dataset.hierarchy import Hierarchy
from catalog.learning.fitting.abstention import Threshold
from catalog.learning.fitting.calibration import Calibration
from catalog.learning.fitting.cross_fit import FittedModel
from catalog.learning.fitting.pca import projected
from catalog.learning.registry.artifact import TRUSTED, load_artifact, save_artifact

every_algorithm = pytest.mark.parametrize("name", sorted(ALGORITHMS))
QUICK = {
    "random_forest": {"trees": 30},
    "bagging": {"trees": 10},
    "adaboost": {"trees": 10},
    "gradient_boosting": {"rounds": 10, "max_features": 1.0},
    "neural_network": {"units": 16, "alpha": 0.01},
    "svm": {"C": 1.0},
}
"""Fewer trees and rounds, where they make the suite quicker."""


def three_classes(count=90, dimensions=12, seed=0):
    generator = np.random.default_rng(seed)
    y = np.arange(count, dtype=np.int64) % 3
    centers = generator.normal(0, 3, (3, dimensions))
    scale = np.geomspace(1e-3, 1e3, dimensions)
    return ((centers[y] + generator.normal(0, 1, (count, dimensions))) * scale).astype(np.float32), y


def quick(name, parameters=None, *, seed=0, blocks=()):
    return get_algorithm(name).over(blocks).build(QUICK.get(name, {}) | (parameters or {}), seed=seed)


@every_algorithm
def test_it_learns_whatever_the_scale_of_a_dimension(name):
    X, y = three_classes()
    classifier = quick(name)
    classifier.fit(X[:60], y[:60])
    assert (classifier.predict_proba(X[60:]).argmax(axis=1) == y[60:]).mean() > 0.9


@every_algorithm
@pytest.mark.parametrize("blocks", [(), (4, 8)])
def test_probabilities_are_probabilities_and_the_input_stays_as_it_is(name, blocks):
    X, y = three_classes()
    before = X.copy()
    X.setflags(write=False)
    classifier = quick(name, blocks=blocks)
    classifier.fit(X, y, np.arange(90) // 3)
    probability = classifier.predict_proba(X)
    assert probability.shape == (90, 3)
    assert probability.dtype == np.float64
    assert (probability >= 0).all()
    assert probability.sum(axis=1) == pytest.approx(1.0)
    assert (probability.argmax(axis=1) == y).mean() > 0.9
    assert classifier.classes_.tolist() == [0, 1, 2]
    assert np.array_equal(X, before)


@every_algorithm
def test_the_same_seed_gives_the_same_predictions(name):
    X, y = three_classes()
    first, again = (quick(name, seed=7) for _ in range(2))
    first.fit(X, y)
    again.fit(X, y)
    assert np.array_equal(first.predict_proba(X), again.predict_proba(X))


@every_algorithm
def test_two_classes_and_classes_not_seen(name):
    X, y = three_classes()
    classifier = quick(name)
    classifier.fit(X[y != 1], y[y != 1])
    probability = class_probabilities(classifier, X, 4)
    assert probability.shape == (90, 4)
    assert not probability[:, [1, 3]].any()
    assert (probability[y != 1].argmax(axis=1) == y[y != 1]).mean() > 0.9
    assert class_probabilities(classifier, X[:0], 4).shape == (0, 4)


@every_algorithm
def test_a_class_with_one_track_does_not_stop_it(name):
    X, y = three_classes()
    y[:] = 0
    y[:40] = 2
    y[0] = 1
    for balance in get_algorithm(name).search_space["balance"]:
        classifier = quick(name, {"balance": balance})
        classifier.fit(X, y, np.arange(90) // 3)
        assert list(classifier.classes_) == [0, 1, 2]


@every_algorithm
def test_one_class_is_all_there_is(name):
    X, _ = three_classes()
    classifier = quick(name)
    classifier.fit(X, np.full(90, 2))
    assert np.array_equal(class_probabilities(classifier, X, 3), np.tile([0.0, 0.0, 1.0], (90, 1)))


@every_algorithm
def test_vectors_that_say_nothing_give_the_shares_of_the_classes(name):
    y = np.repeat([0, 1], [60, 30])
    classifier = quick(name, {"balance": "none"})
    classifier.fit(np.ones((90, 5), np.float32), y, np.arange(90) // 3)
    probability = classifier.predict_proba(np.zeros((2, 5), np.float32))
    assert probability == pytest.approx(np.tile([2 / 3, 1 / 3], (2, 1)), abs=0.1)


@every_algorithm
def test_one_dimension_among_constant_ones(name):
    X = np.full((60, 3), 7.0, np.float32)
    y = np.arange(60) % 2
    X[:, 1] = 10.0 * y + np.random.default_rng(0).normal(size=60)
    for columns in (slice(None), slice(1, 2)):
        classifier = quick(name, blocks=(1, 2) if columns == slice(None) else ())
        classifier.fit(X[:, columns], y, np.arange(60) // 2)
        assert (classifier.predict_proba(X[:, columns]).argmax(axis=1) == y).mean() > 0.9


@every_algorithm
def test_five_tracks_are_enough_not_to_fail(name):
    X, y = three_classes(5)
    classifier = get_algorithm(name).build()
    classifier.fit(X, y)
    assert np.isfinite(class_probabilities(classifier, X, 3)).all()


@every_algorithm
@pytest.mark.parametrize("behind_projection", [False, True])
def test_it_comes_back_from_its_file_to_the_last_bit(name, behind_projection, tmp_path):
    X, y = three_classes()
    plain = get_algorithm(name)
    classifier = (projected(plain) if behind_projection else plain.over((4, 8))).build(QUICK.get(name))
    classifier.fit(X, y, np.arange(90) // 3)
    model = FittedModel(
        classifier,
        Calibration.identity(3),
        Threshold(0.5, 0.85, 1.0, 90),
        Hierarchy.of((1, 2, 3), dict.fromkeys((1, 2, 3))),
    )
    file, digest = save_artifact(tmp_path, model)
    loaded = load_artifact(tmp_path, file, digest)
    assert np.array_equal(loaded.probability(X), model.probability(X))
    assert set(skops.io.get_untrusted_types(file=tmp_path / file)) <= TRUSTED


@every_algorithm
def test_an_unknown_parameter_is_named_with_the_known_ones(name):
    with pytest.raises(UnknownParameterError, match=f"{name} has no parameter 'nonsense'; it has: "):
        get_algorithm(name).build({"nonsense": 1})


@every_algorithm
def test_every_parameter_says_what_it_may_be(name):
    found = get_algorithm(name)
    assert found.values.keys() == found.defaults.keys()
    assert found.complete(found.defaults) == found.defaults
    for parameter in found.defaults:
        with pytest.raises(UnusableParameterError, match=f"{parameter} of {name} is .*, not "):
            found.complete({parameter: ["nonsense"]})


@pytest.mark.parametrize("C", [0, -1, "abc", True, None, float("nan"), float("inf")])
def test_what_the_penalty_cannot_be(C):
    with pytest.raises(UnusableParameterError, match="C of logistic_regression is a number above 0"):
        get_algorithm("logistic_regression").complete({"C": C})


@every_algorithm
def test_every_value_of_the_search_space_can_be_built(name):
    found = get_algorithm(name)
    assert found.search_space["balance"], "what is done for rare genres is searched for every algorithm"
    for parameter, values in found.search_space.items():
        assert found.defaults[parameter] in values
        for value in values:
            assert found.complete({parameter: value})[parameter] == value
            found.build({parameter: value})


@every_algorithm
def test_the_documentation_names_it_with_its_parameters(name):
    page = (Path(__file__).parents[3] / "docs" / "learning.md").read_text(encoding="utf-8")
    row = next(line for line in page.splitlines() if line.startswith(f"| `{name}` |"))
    for parameter, default in get_algorithm(name).defaults.items():
        if parameter != "balance":  # told of all in one place
            assert f"`{parameter}` {_as_written(default)}" in row
    assert ("**the default**" in row) == (name == DEFAULT)


def _as_written(default):
    if default is None or isinstance(default, str):
        return default or "null"
    return f"{default:,g}" if default < 1e6 and default == int(default) else str(default)


def test_an_unknown_classifier_is_named_with_the_known_ones():
    with pytest.raises(
        UnknownClassifierError, match=f"there is no classifier 'magic'; there are: .*{DEFAULT}"
    ):
        get_algorithm("magic")


def test_listing_the_classifiers_does_not_load_scikit_learn():
    program = (
        "import sys, catalog.learning.classifiers, catalog.learning.fitting.cross_fit;"
        "sys.exit('sklearn' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_weights_make_every_class_weigh_the_same():
    y = np.repeat([0, 3, 4], [6, 3, 1])
    weights = balanced_weights(y)
    assert [weights[y == number].sum() for number in (0, 3, 4)] == pytest.approx([10 / 3] * 3)


def test_a_balanced_sample_uses_the_tracks_of_a_class_equally_often():
    y = np.repeat([0, 3, 4], [60, 25, 5])
    drawn = balanced_sample(y, 1)
    assert np.bincount(y[drawn]).tolist() == [30, 0, 0, 30, 30]
    counts = np.bincount(drawn, minlength=90)
    assert {(y[at], count) for at, count in enumerate(counts)} == {(0, 0), (0, 1), (3, 1), (3, 2), (4, 6)}
    assert np.array_equal(drawn, balanced_sample(y, 1))
    assert not np.array_equal(drawn, balanced_sample(y, 2))


def test_a_wide_block_does_not_drown_a_narrow_one():
    """The class is in two dimensions of a narrow block, beside 800 dimensions of noise."""
    random = np.random.default_rng(1)
    y = np.arange(120) % 2
    X = random.normal(size=(120, 802)).astype(np.float32)
    X[:, :2] += 1.5 * y[:, np.newaxis]
    assert block_weights((2, 800)) ** 2 * (2, 800) == pytest.approx([401, 401])
    right = [
        (_fitted("knn", X[:60], y[:60], blocks).predict_proba(X[60:]).argmax(axis=1) == y[60:]).mean()
        for blocks in ((), (2, 800))
    ]
    assert right[1] > right[0] + 0.1


def _fitted(name, X, y, blocks):
    classifier = get_algorithm(name).over(blocks).build()
    assert isinstance(classifier, SklearnClassifier)
    return classifier.fit(X, y)


def test_a_stack_listens_to_the_block_that_knows():
    random = np.random.default_rng(2)
    y = np.arange(150) % 3
    knows = (np.eye(3)[y] * 2 + random.normal(size=(150, 3))).astype(np.float32)
    noise = random.normal(size=(150, 30)).astype(np.float32)
    X = np.hstack([noise, knows])
    classifier = get_algorithm("stack").over((30, 3)).build()
    classifier.fit(X[:90], y[:90], np.arange(90) // 3)
    alone = get_algorithm("logistic_regression").build()
    alone.fit(knows[:90], y[:90])
    of_stack, of_alone = (
        (found.argmax(axis=1) == y[90:]).mean()
        for found in (classifier.predict_proba(X[90:]), alone.predict_proba(knows[90:]))
    )
    assert of_stack > of_alone - 0.1


def test_a_stack_keeps_groups_apart_while_it_learns_whom_to_trust():
    """One block names the group, which tells the class of the tracks it was fitted on and of no other."""
    random = np.random.default_rng(3)
    group = np.arange(120) // 6
    y = random.permutation(np.arange(20) % 2)[group]
    names = np.eye(20, dtype=np.float32)[group]
    weak = (1.2 * y[:, np.newaxis] + random.normal(size=(120, 2))).astype(np.float32)
    X = np.hstack([names, weak])
    new_names = np.zeros_like(names)
    right = []
    for groups in (group, None):
        classifier = get_algorithm("stack").over((20, 2)).build({"C": 10.0})
        classifier.fit(X, y, groups)
        said = classifier.predict_proba(np.hstack([new_names, weak]))
        right.append((said.argmax(axis=1) == y).mean())
    assert right[0] > right[1]


def test_a_stack_of_one_group_takes_the_mean():
    X, y = three_classes()
    classifier = get_algorithm("stack").over((4, 8)).build()
    classifier.fit(X, y, np.zeros(90, np.int64))
    probability = classifier.predict_proba(X)
    assert probability.sum(axis=1) == pytest.approx(1.0)
    assert (probability.argmax(axis=1) == y).mean() > 0.9


def test_above_a_number_of_tracks_a_machine_learns_an_approximate_kernel():
    X, y = three_classes(300)
    exact, approximate = (
        get_algorithm("svm").build({"exact_up_to": number, "components": 50}).fit(X[:240], y[:240])
        for number in (240, 239)
    )
    assert exact.estimator.kernel is None
    assert approximate.estimator.kernel is not None
    same = exact.predict_proba(X[240:]).argmax(axis=1) == approximate.predict_proba(X[240:]).argmax(axis=1)
    assert same.mean() > 0.9


@pytest.mark.parametrize("name", ["random_forest", "bagging"])
def test_trees_of_a_large_collection_see_a_part_of_it(name):
    X, y = three_classes(300)
    small, large = (quick(name, {"tracks_a_tree": number}).fit(X, y) for number in (30, 10_000))
    assert small.estimator.max_samples == 30
    assert large.estimator.max_samples == 300
    assert _nodes(small) < _nodes(large)


@pytest.mark.parametrize("balance", ["none", "sampling"])
def test_neighbors_remember_so_many_tracks_at_most(balance):
    X, y = three_classes(300)
    few, all_of_them = (
        quick("knn", {"tracks": number, "balance": balance}).fit(X, y).estimator.n_samples_fit_
        for number in (100, 300)
    )
    assert (few, all_of_them) == (100, 300)


def _nodes(learner):
    return sum(tree.tree_.node_count for tree in learner.estimator.estimators_)


def test_many_vectors_are_asked_about_in_parts(monkeypatch):
    asked = []
    X, y = three_classes()
    classifier = quick("logistic_regression").fit(X, y)
    whole = class_probabilities(classifier, X, 3)
    monkeypatch.setattr("catalog.learning.classifiers.algorithm.CHUNK", 40)
    original = SklearnClassifier.predict_proba
    monkeypatch.setattr(
        SklearnClassifier, "predict_proba", lambda self, part: asked.append(len(part)) or original(self, part)
    )
    assert class_probabilities(classifier, X, 3) == pytest.approx(whole)
    assert asked == [40, 40, 10]


def test_few_long_vectors_are_fitted_in_their_span_to_the_same() -> None:
    """As plain scikit-learn fits them, to its tolerance; and the artifact holds a coefficient a dimension."""
    random = np.random.default_rng(2)
    y = np.repeat([0, 1, 2], 14)
    X = (random.normal(size=(42, 200)) * np.linspace(2, 0.1, 200)).astype(np.float32)
    X[:, :3] += np.eye(3)[y] * 2
    found = get_algorithm("logistic_regression").build({"C": 0.1})
    found.fit(X, y)
    scaled = (X - X.mean(axis=0)) / X.std(axis=0)
    plain = LogisticRegression(C=0.1, tol=1e-8, max_iter=10_000).fit(scaled, y)
    fitted = found.estimator
    assert fitted.coef_.shape == (3, 200)
    assert (fitted.n_features_in_, fitted.coef_.dtype) == (200, np.float32)
    assert np.abs(fitted.coef_ - plain.coef_).max() < 0.01 * np.abs(plain.coef_).max()
    asked = random.normal(size=(50, 200)).astype(np.float32)
    expected = plain.predict_proba((asked - X.mean(axis=0)) / X.std(axis=0))
    assert np.abs(found.predict_proba(asked) - expected).max() < 0.002
