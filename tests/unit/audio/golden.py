"""The vector that `summary` gave of a synthetic clip when its version was last raised.

`python -m tests.unit.audio.golden` writes it anew: do so only with a new version of the recipe.
"""

from pathlib import Path

import numpy as np

from catalog.audio.feature_set import Float32, Waveform
from catalog.audio.summary import SUMMARY
from tests.unit.audio.sounds import RATE, band

VECTOR = Path(__file__).with_name("golden_summary.npy")


def vector() -> Float32:
    """What `summary` gives of four seconds of everything today."""
    return SUMMARY.compute(Waveform(band(4.0), RATE))


if __name__ == "__main__":
    np.save(VECTOR, vector(), allow_pickle=False)
