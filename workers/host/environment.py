"""What a worker process is told by its environment."""

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
"""Warmed with two threads, k-means and nearest neighbors hang for ever in a forked child."""
