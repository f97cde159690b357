"""Power on the decibel scale."""

from typing import Any

import numpy as np
import numpy.typing as npt

RANGE = 80.0  # values further below the maximum are raised to this
_FLOOR = 1e-10  # the power of silence: -100 dB


def decibels(power: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Decibels of a power relative to 1, at least -100 and at most 80 below the largest: `librosa.power_to_db`."""
    result: npt.NDArray[Any] = np.log10(np.maximum(power, power.dtype.type(_FLOOR)))
    result *= 10
    np.maximum(result, result.max() - result.dtype.type(RANGE), out=result)
    return result
