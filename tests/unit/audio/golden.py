"""What each of our feature sets gave of a synthetic clip when its version was last raised.

    python -m tests.unit.audio.golden NAME...

writes the vectors anew: do so only with a new version of the recipe.
"""

import sys
from pathlib import Path

import numpy as np
import soxr

from catalog.arrays import Float32
from catalog.audio.feature_set import FeatureSet, Waveform
from catalog.audio.feature_sets.installed import feature_set
from tests.unit.audio.sounds import RATE, band

FOLDER = Path(__file__).with_name("golden")

# By how much a number may differ between machines and versions of libraries, absolute and relative.
TOLERANCES = {
    "grid": 1e-3,  # dB
    "musicnn": 2e-3,
    "summary": 1e-4,  # measured without AVX, FMA or a tuned BLAS: 2e-5
}


def vector(features: FeatureSet) -> Float32:
    """What a feature set gives of four seconds of everything today."""
    samples = band(4.0)
    if features.sample_rate != RATE:
        samples = soxr.resample(samples, RATE, features.sample_rate)
    return features.compute(Waveform(samples, features.sample_rate))


def path(features: FeatureSet) -> Path:
    return FOLDER / f"{features.name}.npz"


def write(features: FeatureSet) -> None:
    np.savez_compressed(path(features), hash=np.array(features.hash), vector=vector(features))


def read(features: FeatureSet) -> tuple[str, Float32]:
    """The hash of the recipe that gave the vector, and the vector."""
    with np.load(path(features), allow_pickle=False) as file:
        return str(file["hash"]), file["vector"]


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name in sys.argv[1:]:
        write(feature_set(name))
