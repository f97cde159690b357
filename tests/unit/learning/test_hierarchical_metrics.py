import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.learning.dataset.hierarchy import Hierarchy
from catalog.learning.fitting.abstention import NOTHING
from catalog.learning.scoring.hierarchical_metrics import ancestor_matrix, hierarchical_score

# Jazz; Rock above Metal above Death Metal, and above Punk
JAZZ, ROCK, METAL, DEATH, PUNK = 1, 2, 3, 4, 5
BROADER = {JAZZ: None, ROCK: None, METAL: ROCK, DEATH: METAL, PUNK: ROCK}
HIERARCHY = Hierarchy.of([JAZZ, DEATH, PUNK], BROADER)


def at(*genres):
    return np.array([HIERARCHY.nodes.index(genre) if genre else NOTHING for genre in genres])


def test_a_term_has_itself_and_all_above():
    above = ancestor_matrix(HIERARCHY)
    of_death = {HIERARCHY.nodes[node] for node in np.flatnonzero(above[HIERARCHY.nodes.index(DEATH)])}
    assert of_death == {DEATH, METAL, ROCK}
    of_rock = {HIERARCHY.nodes[node] for node in np.flatnonzero(above[HIERARCHY.nodes.index(ROCK)])}
    assert of_rock == {ROCK}


def test_sums_over_tracks_by_hand():
    # Punk for Death Metal: {Punk, Rock} and {Death, Metal, Rock} share one; Jazz for Jazz shares one.
    found = hierarchical_score(at(PUNK, JAZZ), at(DEATH, JAZZ), HIERARCHY)
    assert found.precision == pytest.approx(2 / 3)
    assert found.recall == pytest.approx(2 / 4)
    assert found.f1 == pytest.approx(4 / 7)


def test_a_broader_answer_is_right_and_says_less():
    found = hierarchical_score(at(ROCK, METAL), at(DEATH, DEATH), HIERARCHY)
    assert (found.precision, found.recall) == (1.0, 3 / 6)


def test_no_answer_costs_recall_only():
    found = hierarchical_score(at(JAZZ, None), at(JAZZ, PUNK), HIERARCHY)
    assert (found.precision, found.recall) == (1.0, 1 / 3)
    assert hierarchical_score(at(None), at(PUNK), HIERARCHY).f1 == 0


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=30))
def test_it_is_never_less_than_the_plain_score(pairs):
    y, choice = np.array(pairs).T
    found = hierarchical_score(choice, y, HIERARCHY)
    assert 0 <= found.precision <= 1
    assert 0 <= found.recall <= 1
    assert (found.f1 == 1) == bool((y == choice).all())
    flat = Hierarchy.of([JAZZ, DEATH, PUNK], {JAZZ: None, DEATH: None, PUNK: None})
    assert hierarchical_score(choice, y, flat).precision == pytest.approx((y == choice).mean())
