"""One thread for BLAS and OpenMP: results do not depend on the number of cores, and processes do the parallel work."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

ONE_THREAD = dict.fromkeys(
    (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "GOTO_NUM_THREADS",
        "MKL_NUM_THREADS",
        "BLIS_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
        "NUMEXPR_NUM_THREADS",
        "NUMBA_NUM_THREADS",
    ),
    "1",
)
"""Environment variables that numerical libraries read when they are loaded. After a warm-up with two threads, k-means
and nearest neighbors hang in a forked child."""


def limit_threads() -> None:
    """Sets ONE_THREAD for this process and its children. Call it before the first import of numpy."""
    os.environ.update(ONE_THREAD)


@contextmanager
def one_thread() -> Iterator[None]:
    """Context manager and decorator: BLAS and OpenMP use one thread, even if they were loaded with more.

    The former numbers of threads are restored at the end.
    """
    from threadpoolctl import threadpool_limits

    if not ONE_THREAD.items() <= os.environ.items():
        _load_libraries()
    with threadpool_limits(1):
        yield


def _load_libraries() -> None:
    """Loads BLAS and OpenMP of numpy, scipy and scikit-learn: a limit holds only for libraries that are loaded."""
    import scipy.linalg  # noqa: F401
    import sklearn.utils._openmp_helpers  # noqa: F401
