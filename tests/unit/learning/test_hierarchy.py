import numpy as np
import pytest

from catalog.learning.dataset.hierarchy import Hierarchy, path_to_top

ROCK, METAL, DEATH_METAL, JAZZ, MUSIC = 1, 2, 3, 4, 9
BROADER = {ROCK: None, METAL: ROCK, DEATH_METAL: METAL, JAZZ: None}


def test_paths_run_up_to_the_top_term():
    assert path_to_top(DEATH_METAL, BROADER) == (DEATH_METAL, METAL, ROCK)
    assert path_to_top(JAZZ, BROADER) == (JAZZ,)
    assert path_to_top(77, BROADER) == (77,)


def test_a_cycle_of_broader_terms_is_an_error_and_not_a_hang():
    with pytest.raises(ValueError, match="cycle"):
        path_to_top(1, {1: 2, 2: 1})


def test_nodes_are_the_classes_and_the_terms_above_them():
    hierarchy = Hierarchy.of([DEATH_METAL, JAZZ, ROCK], BROADER)
    assert hierarchy.nodes == (DEATH_METAL, JAZZ, ROCK, METAL)
    assert hierarchy.paths == ((0, 3, 2), (1,), (2,))


def test_a_term_has_the_probability_of_its_subtree():
    hierarchy = Hierarchy.of([DEATH_METAL, JAZZ, ROCK], BROADER)
    sums = hierarchy.subtree_probability(np.array([[0.5, 0.2, 0.3]]))
    assert sums[0] == pytest.approx([0.5, 0.2, 0.8, 0.5])


def test_terms_that_may_not_be_answered_are_left_out_of_the_paths():
    hierarchy = Hierarchy.of([DEATH_METAL, JAZZ], BROADER, predictable={ROCK})
    assert hierarchy.nodes == (DEATH_METAL, JAZZ, ROCK)
    assert hierarchy.paths == ((0, 2), (1,))


def test_a_repeated_class_is_an_error():
    with pytest.raises(ValueError, match="repeated"):
        Hierarchy.of([ROCK, ROCK], BROADER)
