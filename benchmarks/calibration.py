"""Measure the calibration error on generated tracks with known true probabilities.

    python benchmarks/calibration.py [--tracks N] [--classes N] [--seed N]

The script distorts the true probabilities in three ways. For each it prints the error before and after cross-fitted
calibration, the error of a perfect model of that size, and the mean distance from the true probabilities. It exits
with 1 if an error after calibration is 0.015 or more.
"""

from __future__ import annotations

import argparse
import sys
import time

import numpy as np
import numpy.typing as npt
from scipy.special import softmax

from catalog.learning.fitting.calibration import (
    cross_fitted,
    expected_calibration_error,
    perfect_calibration_error,
)

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

MAX_ERROR = 0.015
FOLDS = 5


def generate_posteriors(tracks: int, classes: int, seed: int) -> tuple[Floats, Integers]:
    """(tracks, classes): true probabilities, with common and rare classes; (tracks,): a class drawn from them."""
    generator = np.random.default_rng(seed)
    scores = generator.normal(0, 1.5, (tracks, classes)) + np.linspace(0, 2, classes)
    true = softmax(scores, axis=1)
    drawn = (generator.random(tracks)[:, None] > true.cumsum(axis=1)).sum(axis=1)
    return true, np.minimum(drawn, classes - 1).astype(np.int64)


def main() -> int:
    """Calibrate three distorted sets of probabilities and print the errors."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--tracks", type=int, default=20_000)
    parser.add_argument("--classes", type=int, default=16)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    true, y = generate_posteriors(options.tracks, options.classes, options.seed)
    fold = np.random.default_rng(options.seed).integers(0, FOLDS, options.tracks)
    tilt = np.linspace(-1, 1, options.classes)
    distorted = {
        "too sure": softmax(2.5 * np.log(true), axis=1),
        "too modest": softmax(0.4 * np.log(true), axis=1),
        "too sure, rare classes too likely": softmax(2.5 * np.log(true) - tilt, axis=1),
    }
    print(
        f"{options.tracks:,} tracks, {options.classes} classes; error before, after, 97.5 % limit of a perfect model,"
    )
    print("mean distance from the true probabilities, CPU seconds")
    worst = 0.0
    for name, probability in distorted.items():
        started = time.process_time()
        calibrated = cross_fitted(probability, y, fold)
        seconds = time.process_time() - started
        error = expected_calibration_error(calibrated, y)
        worst = max(worst, error)
        print(
            f"  {name:35}{expected_calibration_error(probability, y):7.3f}{error:8.4f}"
            f"{perfect_calibration_error(calibrated, times=100).high:8.4f}"
            f"{np.abs(calibrated - true).mean():9.5f}{seconds:7.1f}"
        )
    return int(worst >= MAX_ERROR)


if __name__ == "__main__":
    sys.exit(main())
