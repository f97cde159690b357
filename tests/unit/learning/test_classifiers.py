"""Conformance suite: every registered classifier passes it."""

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import skops.io

from catalog.learning.classifiers import (
    ALGORITHMS,
    DEFAULT,
    UnknownClassifierError,
    class_probabilities,
    get_algorithm,
)
from catalog.learning.dataset.hierarchy import Hierarchy
from catalog.learning.fitting.abstention import Threshold
from catalog.learning.fitting.calibration import Calibration
from catalog.learning.fitting.cross_fit import FittedModel
from catalog.learning.fitting.pca import with_projection
from catalog.learning.registry.artifact import TRUSTED, load_artifact, save_artifact
from tests.unit.learning.classifier_problem import QUICK, quick, three_classes

every_algorithm = pytest.mark.parametrize("name", sorted(ALGORITHMS))


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
    classifier = (with_projection(plain) if behind_projection else plain.over((4, 8))).build(QUICK.get(name))
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
def test_equal_models_have_equal_files(name, tmp_path, monkeypatch):
    X, y = three_classes()
    files = set()
    for now in (1_600_000_000, 1_700_000_000):
        monkeypatch.setattr(time, "time", lambda now=now: now)
        classifier = quick(name).fit(X, y, np.arange(90) // 3)
        model = FittedModel(
            classifier,
            Calibration.identity(3),
            Threshold(0.5, 0.85, 1.0, 90),
            Hierarchy.of((1, 2, 3), dict.fromkeys((1, 2, 3))),
        )
        files.add(save_artifact(tmp_path, model))
    assert len(files) == 1


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
