import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from catalog.audit.labels.model_evidence import class_separation


def test_a_class_that_is_always_known_and_one_that_never_is():
    generator = np.random.default_rng(0)
    y = np.arange(300) % 3
    probability = generator.uniform(0, 0.1, (300, 3))
    probability[y == 0, 0] += 0.5
    found = class_separation(probability, y, np.arange(300))
    assert found[0] == 1.0
    assert found[1] < 0.2


def test_without_groups_it_is_the_gini_coefficient():
    generator = np.random.default_rng(1)
    y = generator.integers(0, 2, 400)
    score = np.round(y + generator.normal(0, 1.5, 400), 1)  # with ties
    probability = np.stack([-score, score], axis=1)
    found = class_separation(probability, y, np.arange(400))
    assert found[1] == pytest.approx(2 * roc_auc_score(y, score) - 1)


def test_an_artist_with_many_tracks_weighs_as_much_as_one_with_few():
    # Ten artists are recognized by one track each, one is not with a hundred.
    y = np.array([0] * 10 + [0] * 100 + [1] * 50)
    groups = np.array([*range(10), *[10] * 100, *range(11, 61)])
    probability = np.full((160, 2), 0.5)
    probability[:10] = [0.9, 0.1]
    probability[10:110] = [0.1, 0.9]
    assert class_separation(probability, y, groups)[0] == pytest.approx(2 * (10 / 11) - 1)


def test_a_class_that_nobody_has_or_everybody_is_not_known():
    y = np.zeros(5, dtype=np.int64)
    assert class_separation(np.random.default_rng(0).random((5, 2)), y, np.arange(5)).tolist() == [0.0, 0.0]
