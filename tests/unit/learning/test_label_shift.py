import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.learning.fitting.label_shift import estimate_label_shift, no_label_shift


def shifted(count, share, seed=0):
    """Posteriors of two Gaussians learned at equal shares, for tracks of which `share` are of the first class."""
    generator = np.random.default_rng(seed)
    first = generator.random(count) < share
    x = generator.normal(np.where(first, -1.0, 1.0))
    odds = np.exp(-2 * x)
    return np.stack([odds / (1 + odds), 1 / (1 + odds)], axis=1), first


EQUAL = np.array([0.5, 0.5])


def test_the_true_share_is_found():
    probability, first = shifted(3000, 0.8)
    priors = estimate_label_shift(probability, EQUAL)
    assert priors.estimated[0] == pytest.approx(0.8, abs=0.03)
    corrected = priors.apply(probability)
    assert corrected.sum(axis=1) == pytest.approx(1.0)
    before = ((probability[:, 0] > 0.5) == first).mean()
    assert ((corrected[:, 0] > 0.5) == first).mean() > before


def test_the_estimate_is_bounded():
    probability, _ = shifted(3000, 1.0)
    assert estimate_label_shift(probability, EQUAL, bound=1.5).estimated == pytest.approx([2 / 3, 1 / 3])
    assert estimate_label_shift(probability, EQUAL, bound=1.0).estimated == pytest.approx(EQUAL)


def test_few_tracks_estimate_nothing_and_say_so():
    probability, _ = shifted(10, 0.9)
    priors = estimate_label_shift(probability, EQUAL)
    assert priors.reason == "10 tracks are too few to estimate priors"
    assert priors.apply(probability) == pytest.approx(probability)


def test_it_can_be_switched_off():
    probability, _ = shifted(50, 0.9)
    assert no_label_shift(EQUAL, "switched off").apply(probability) == pytest.approx(probability)


def test_a_bound_below_one_is_an_error():
    with pytest.raises(ValueError, match="bound"):
        estimate_label_shift(np.ones((50, 2)) / 2, EQUAL, bound=0.5)


@given(st.integers(0, 10_000), st.integers(2, 6), st.floats(1.0, 10.0))
def test_estimates_are_shares_within_their_bounds(seed, classes, bound):
    generator = np.random.default_rng(seed)
    training = generator.dirichlet(np.ones(classes))
    priors = estimate_label_shift(generator.dirichlet(np.ones(classes) * 0.3, 40), training, bound=bound)
    assert priors.estimated.sum() == pytest.approx(1.0)
    assert (priors.estimated <= np.minimum(training * bound, 1.0) + 1e-6).all()
    assert (priors.estimated >= training / bound - 1e-6).all()
