"""What share of suspects people accept, from their decisions."""

from __future__ import annotations

import numpy as np
import pytest

from catalog.audit.labels.estimated_precision import expected_right


def decided(number: int, seed: int = 0):
    random = np.random.default_rng(seed)
    suspicion = random.uniform(0.4, 1.0, number)
    truth = np.clip(suspicion * 1.6 - 0.75, 0.02, 0.98)
    return suspicion, random.random(number) < truth


def test_nothing_is_said_before_a_hundred_decisions() -> None:
    suspicion, accepted = decided(99)
    assert expected_right(suspicion, accepted, ["a"] * 99, np.array([0.9]), ["a"]) is None


def test_it_is_near_the_truth_and_never_falls_with_suspicion() -> None:
    suspicion, accepted = decided(2_000)
    asked = np.linspace(0.4, 1.0, 50)
    found = expected_right(suspicion, accepted, ["a"] * 2_000, asked, ["other"] * 50)
    assert found is not None
    assert (np.diff(found) >= 0).all()
    truth = np.clip(asked * 1.6 - 0.75, 0.02, 0.98)
    assert float(np.abs(found - truth).mean()) < 0.05
    assert found.min() > 0
    assert found.max() < 1


def test_a_pair_that_people_never_accept_is_drawn_down() -> None:
    suspicion, accepted = decided(400)
    pairs = ["bad" if at % 4 == 0 else "good" for at in range(400)]
    accepted[::4] = False
    found = expected_right(suspicion, accepted, pairs, np.array([0.9, 0.9, 0.9]), ["bad", "good", "new"])
    assert found is not None
    assert found[0] < found[2] < found[1]
    assert found[0] == pytest.approx(0.0, abs=0.4)


def test_all_accepted_is_not_certain() -> None:
    suspicion, _ = decided(150)
    found = expected_right(suspicion, np.ones(150, np.bool_), ["a"] * 150, np.array([0.1, 0.9]), ["a", "b"])
    assert found is not None
    assert (found < 1).all()
    assert (found > 0.9).all()
