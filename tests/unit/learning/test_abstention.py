import numpy as np
import pytest

from catalog.learning.dataset.hierarchy import Hierarchy
from catalog.learning.fitting.abstention import (
    ALLOWED_LOSSES,
    NOTHING,
    choose_threshold,
    cross_fitted_selections,
    is_correct,
    select_nodes,
    withhold,
)
from catalog.learning.fitting.out_of_distribution import ClassDistances

ROCK, METAL, PUNK, JAZZ = 1, 2, 3, 4
BROADER = {ROCK: None, METAL: ROCK, PUNK: ROCK, JAZZ: None}
CLASSES = Hierarchy.of([METAL, PUNK, JAZZ], BROADER)


def genres(node):
    return [None if at == NOTHING else CLASSES.nodes[at] for at in node]


def test_the_first_choice_a_broader_term_or_nothing():
    probability = np.array([[0.8, 0.1, 0.1], [0.45, 0.4, 0.15], [0.4, 0.1, 0.5]])
    given = select_nodes(probability, CLASSES, 0.7)
    assert genres(given.node) == [METAL, ROCK, None]
    assert given.probability == pytest.approx([0.8, 0.85, 0.0])


def test_no_threshold_answers_nothing():
    given = select_nodes(np.array([[1.0, 0.0, 0.0]]), CLASSES, None)
    assert genres(given.node) == [None]
    assert select_nodes(np.zeros((0, 3)), CLASSES, 0.5).node.size == 0


def test_a_term_above_the_truth_is_right_and_one_beside_it_is_not():
    node = np.array([CLASSES.nodes.index(ROCK), CLASSES.nodes.index(METAL), NOTHING])
    assert is_correct(node, np.array([1, 1, 1]), CLASSES).tolist() == [True, False, False]


def well_calibrated(count=4000, seed=0):
    generator = np.random.default_rng(seed)
    flat = Hierarchy.of([1, 2], {})
    first = generator.uniform(0.5, 1.0, count)
    y = (generator.random(count) > first).astype(np.int64)
    return np.stack([first, 1 - first], axis=1), y, flat


def test_the_lowest_threshold_with_the_precision_wanted():
    probability, y, flat = well_calibrated()
    chosen = choose_threshold(probability, y, flat, precision=0.85)
    # From t to 1 uniform and calibrated the precision is (1 + t) / 2.
    assert chosen.value == pytest.approx(0.7, abs=0.04)
    assert chosen.precision == pytest.approx(0.85, abs=0.005)
    assert chosen.coverage == pytest.approx(0.6, abs=0.06)
    assert chosen.reason is None


def test_what_cannot_be_reached_is_not_answered_and_says_why():
    generator = np.random.default_rng(0)
    probability = generator.dirichlet([1, 1, 1], 300)
    chosen = choose_threshold(probability, generator.integers(0, 3, 300), CLASSES, precision=0.99)
    assert chosen.value is None
    assert chosen.coverage == 0
    assert "no threshold reaches a precision of 99%" in (chosen.reason or "")


def test_three_lucky_answers_make_no_threshold():
    probability = np.array([[0.9, 0.1]] * 3 + [[0.6, 0.4]] * 30)
    y = np.array([0] * 3 + [0, 1] * 15)
    assert choose_threshold(probability, y, Hierarchy.of([1, 2], {})).value is None


def test_no_tracks_no_threshold():
    assert choose_threshold(np.zeros((0, 3)), np.zeros(0, dtype=np.int64), CLASSES).value is None


@pytest.mark.parametrize("precision", [0.0, 1.5])
def test_a_precision_is_a_share(precision):
    with pytest.raises(ValueError, match="precision"):
        choose_threshold(np.ones((1, 3)), np.zeros(1, dtype=np.int64), CLASSES, precision=precision)


def test_cross_fitted_answers_keep_the_precision_on_tracks_they_were_not_chosen_by():
    probability, y, flat = well_calibrated()
    fold = np.arange(len(y)) % 5
    given = cross_fitted_selections(probability, y, fold, flat)
    answered = given.node != NOTHING
    assert is_correct(given.node, y, flat)[answered].mean() == pytest.approx(0.85, abs=0.02)
    changed = y.copy()
    changed[fold == 2] = 1 - changed[fold == 2]
    again = cross_fitted_selections(probability, changed, fold, flat)
    assert np.array_equal(given.node[fold == 2], again.node[fold == 2])


def test_one_artist_with_many_easy_tracks_does_not_lower_the_threshold_for_the_others():
    flat = Hierarchy.of([1, 2], {})
    probability = np.concatenate([np.tile([0.8, 0.2], (60, 1)), np.tile([0.7, 0.3], (20, 1))])
    y = np.array([0] * 60 + [0, 1] * 10)
    groups = np.array([0] * 60 + list(range(1, 21)))
    assert choose_threshold(probability, y, flat).value == pytest.approx(0.7)
    assert choose_threshold(probability, y, flat, groups=groups).value == pytest.approx(0.8)


def test_one_artist_whose_tags_are_wrong_does_not_silence_all():
    flat = Hierarchy.of([1, 2], {})
    probability = np.tile([0.9, 0.1], (120, 1))
    y = np.array([1] * 30 + [0] * 90)
    groups = np.array([0] * 30 + list(range(1, 91)))
    assert choose_threshold(probability, y, flat).value is None
    assert choose_threshold(probability, y, flat, groups=groups).value == pytest.approx(0.9)


def test_withheld_answers_are_no_answers():
    given = select_nodes(np.array([[0.9, 0.05, 0.05], [0.9, 0.05, 0.05]]), CLASSES, 0.5)
    kept = withhold(given, np.array([True, False]))
    assert genres(kept.node) == [None, METAL]
    assert kept.probability == pytest.approx([0.0, 0.9])


def test_an_answer_needs_a_class_below_it_that_the_track_resembles():
    probability = np.array([[0.9, 0.05, 0.05]] * 3)
    resemblance = np.array([[0.5, 0.0, 0.0], [0.1, 0.5, 0.0], [0.1, 0.1, 0.9]])
    given = select_nodes(probability, CLASSES, 0.7, resemblance=resemblance, least=0.3)
    assert genres(given.node) == [METAL, ROCK, None]
    assert given.probability == pytest.approx([0.9, 0.95, 0.0])


def apart(count=600, seed=1):
    """Three classes that are never confused, each track like its own and not like the others."""
    generator = np.random.default_rng(seed)
    y = np.arange(count) % 3
    probability = np.full((count, 3), 1e-4)
    probability[np.arange(count), y] = 0.96
    probability[np.arange(count), (y + 1) % 3] = (
        0.04  # without its own class each would be taken for the next
    )
    known = np.full((count, 3), -0.4)
    known[np.arange(count), y] = generator.uniform(0.4, 0.9, count)
    flat = Hierarchy.of([1, 2, 3], {})
    return probability, y, flat, known


def test_the_least_resemblance_costs_no_more_than_is_needed():
    probability, y, flat, known = apart()
    left_out = np.where(known > 0, -1.0, known)
    chosen = choose_threshold(probability, y, flat, resemblance=ClassDistances(known, left_out, np.inf))
    assert chosen.resemblance == pytest.approx(np.quantile(known.max(axis=1), ALLOWED_LOSSES[0]))
    assert chosen.held_back == 1.0
    assert chosen.held_back_by_probability == 0.0
    assert chosen.coverage == pytest.approx(1 - ALLOWED_LOSSES[0], abs=0.005)


def test_where_outsiders_look_like_everybody_no_more_than_a_bounded_share_is_given_up():
    probability, y, flat, known = apart()
    left_out = np.full_like(known, 0.95)
    left_out[np.arange(len(y)), y] = -1.0
    chosen = choose_threshold(probability, y, flat, resemblance=ClassDistances(known, left_out, np.inf))
    assert chosen.held_back == pytest.approx(0.0, abs=0.05)
    assert chosen.coverage == pytest.approx(1 - ALLOWED_LOSSES[-1], abs=0.005)


def test_without_resemblance_only_the_probability_decides():
    probability, y, flat = well_calibrated()
    chosen = choose_threshold(probability, y, flat)
    assert chosen.resemblance is None
    assert chosen.held_back is None
