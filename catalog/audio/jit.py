"""Loops over samples and spectra, compiled to machine code at their first call."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

Kernel = TypeVar("Kernel", bound=Callable[..., Any])


def jit(function: Kernel) -> Kernel:
    """The function as a numba kernel that lets go of the interpreter lock and divides as NumPy does.

    Machine code is kept on disk beside the module, or in the user's cache where that cannot be written, and is made
    for the processor at hand. Where neither can be written, every process compiles anew: slow to start, not wrong.
    A kernel uses no kernel and no constant of another module, whose later change numba's cache would not notice. Sums keep their
    written order (no `fastmath`), so that a clip gives the same bytes each time.
    """
    try:
        kernel = numba.njit(nogil=True, error_model="numpy", cache=True)(function)
    except RuntimeError:  # numba found no folder to keep machine code in
        kernel = numba.njit(nogil=True, error_model="numpy")(function)
    return cast("Kernel", kernel)
