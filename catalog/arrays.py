"""Names for the array types that signatures use."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Booleans = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Float32 = npt.NDArray[np.float32]
Texts = npt.NDArray[np.str_]
Matrix = npt.NDArray[np.float32] | npt.NDArray[np.float64]
"""Feature vectors, (tracks, dimensions)."""
