"""Environment variables that a worker process is started with."""

DATABASE_URL, BROKER_URL = "CATALOG_DATABASE_URL", "CATALOG_REDIS_URL"
MODELS = "CATALOG_MODELS"
"""The folder of model artifacts."""

THREADS = dict.fromkeys(
    (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "NUMBA_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
    ),
    "1",
)
"""One thread per library: after a warm-up with two threads, k-means and nearest neighbors hang in a forked child."""
