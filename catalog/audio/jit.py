"""Just-in-time compilation of loops over samples and spectra, by numba."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

import catalog.audio.kernel_cache  # noqa: F401 -- sets up where numba keeps machine code

Kernel = TypeVar("Kernel", bound=Callable[..., Any])


def jit(function: Kernel) -> Kernel:
    """Decorator: compiles a function with numba, without the interpreter lock and with NumPy's division.

    Machine code is cached on disk, see `kernel_cache`. If no folder can be written to, every process compiles again:
    slow to start, same results. A kernel must not use a kernel or constant of another module, because the cache does
    not notice when that changes. Sums keep their written order (no `fastmath`), so that the same clip gives the same
    bytes.
    """
    return cast("Kernel", numba.njit(nogil=True, error_model="numpy", cache=True)(function))
