"""Whether probabilities are corrected by estimated priors, on made-up tracks whose posteriors are known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.learning.fitting.label_shift import LabelShift, estimate_label_shift
from catalog.learning.fitting.label_shift_choice import fit_correction, measure_correction, no_correction

EQUAL = np.full(3, 1 / 3)
OTHERWISE = np.array([0.7, 0.2, 0.1])


def heard(
    shares: np.ndarray, count: int, *, known: np.ndarray = EQUAL, noise: float = 1.5, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Posteriors (count, 3) of tracks of these shares by a model that takes `known` for the shares; and the classes."""
    random = np.random.default_rng(seed)
    y = random.choice(3, count, p=shares)
    X = np.eye(3)[y] * 2 + random.normal(0, noise, (count, 3))
    likelihood = np.exp(2 * X / noise**2) * known
    return likelihood / likelihood.sum(axis=1, keepdims=True), y


def test_tracks_that_are_mixed_as_those_learned_from_are_left_as_they_are() -> None:
    """Though the probabilities rest on other shares than are counted: EM against the counted ones would run away."""
    probability, y = heard(OTHERWISE, 3_000)
    counted = np.bincount(y) / len(y)
    assert np.abs(estimate_label_shift(probability, counted).estimated - counted).max() > 0.1
    found = fit_correction(probability, counted, (probability, y))
    assert found.untagged == pytest.approx(counted, abs=1e-3)
    assert found.apply(probability) == pytest.approx(probability, abs=1e-3)


def test_another_mixture_is_found_and_corrected_where_that_costs_nothing() -> None:
    out_of_fold = heard(EQUAL, 1_000, seed=1)
    probability, y = heard(OTHERWISE, 1_000, seed=2)
    found = fit_correction(probability, EQUAL, out_of_fold)
    assert found.choice is not None
    assert found.choice.corrected > found.choice.uncorrected
    assert found.reason is None
    assert found.untagged == pytest.approx(OTHERWISE, abs=0.06)
    corrected = found.apply(probability)
    assert (corrected.argmax(axis=1) == y).mean() > (probability.argmax(axis=1) == y).mean() + 0.03
    facts = found.facts(["Jazz", "Metal", "Dub"])
    assert facts["corrected"]
    assert facts["macro_f1"]["tracks"] == 1_000
    assert facts["genres"][0]["genre"] == "Jazz"
    assert facts["genres"][0]["training"] == pytest.approx(1 / 3, abs=1e-4)


def test_what_would_lower_macro_f1_is_not_done_and_the_figures_say_why() -> None:
    """Where classes are hardly told apart, correcting says the commonest one of nearly all tracks."""
    out_of_fold = heard(EQUAL, 2_000, noise=4.0, seed=3)
    probability, _ = heard(np.array([0.8, 0.1, 0.1]), 2_000, noise=4.0, seed=4)
    found = fit_correction(probability, EQUAL, out_of_fold)
    assert found.choice is not None
    assert found.choice.corrected < found.choice.uncorrected
    assert found.apply(probability) is probability
    assert found.untagged[0] > 0.5, "the shares are shown all the same"
    assert not found.facts(["a", "b", "c"])["corrected"]
    assert f"from {found.choice.uncorrected:.3f} to {found.choice.corrected:.3f}" in str(found.reason)


def test_nothing_is_estimated_from_few_tracks_or_for_a_model_without_out_of_fold_answers() -> None:
    probability, y = heard(EQUAL, 100)
    few = fit_correction(probability[:10], OTHERWISE, (probability, y))
    assert few.reason == "10 tracks are too few to estimate priors"
    none = fit_correction(probability, OTHERWISE, (probability[:0], y[:0]))
    assert none.reason == "there are no out-of-fold predictions of tagged tracks"
    off = no_correction(OTHERWISE, "it was switched off")
    for one in (few, none, off):
        assert one.apply(probability) is probability
        assert one.untagged == pytest.approx(OTHERWISE)
        assert one.facts(["a", "b", "c"])["macro_f1"] is None


@given(seed=st.integers(0, 1000), estimated=st.lists(st.floats(0.05, 1.0), min_size=3, max_size=3))
def test_the_scores_are_shares_and_count_a_class_that_is_never_said_as_nothing(
    seed: int, estimated: list[float]
) -> None:
    probability, y = heard(OTHERWISE, 60, seed=seed)
    shares = np.array(estimated) / sum(estimated)
    found = measure_correction(probability, y, LabelShift(EQUAL, shares), 80)
    assert 0 <= found.uncorrected <= 1
    assert 0 <= found.corrected <= 1
    perfect = measure_correction(np.eye(3)[y], y, LabelShift(EQUAL, shares), 80)
    assert (perfect.uncorrected, perfect.corrected) == (1.0, 1.0)
