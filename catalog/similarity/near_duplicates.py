"""Near duplicates: one recording in two encodings or on two albums, which must not be split over folds."""

from collections.abc import Sequence

import numpy as np

from catalog.arrays import Float32, Floats

MIN_COSINE = 0.98
"""Lowest cosine between standardized embeddings of two encodings of one recording. Of 16 real recordings two MP3s had
0.991 or more and a low-bitrate Vorbis mostly above 0.96; no two of 303 different recordings reached it."""
SECONDS = 1.0
"""Largest difference of two durations of one recording, from encoder padding."""
WINDOW = 2_000
"""Following tracks, in order of duration, that each track is compared with: with hundreds of thousands of 30 s clips
there are too many pairs to compare all."""
CHUNK = 1_000
"""Rows of the cosine matrix in memory at a time."""
CHANCE_PAIRS = 0.01
"""Expected pairs per track that are similar by chance."""
PAIRS = 50_000
"""Random pairs that show the similarity of different recordings."""
MIN_TRACKS = 20
"""Tracks below which random pairs show too little."""
MAX_COSINE = 1 - 1e-6
"""Cosine above which float32 does not distinguish vectors."""


def near_duplicates(X: Float32, duration: Sequence[float | None]) -> list[tuple[int, int]]:
    """Pairs of positions of similar vectors (n, dimensions) with durations that differ by at most SECONDS.

    Columns are standardized first, because a mean that all tracks share would make all cosines high. A track without a
    duration or with a constant vector is in no pair. In order of duration, each track is compared with the next WINDOW
    tracks. The cosine is at least MIN_COSINE, or more where different recordings reach that by chance (see
    `least_cosine`).
    """
    length = np.array([np.nan if one is None else one for one in duration], dtype=np.float64)
    if len(X) < 2:
        return []
    rows = _standardized(X)
    norm = np.linalg.norm(rows, axis=1)
    usable = np.flatnonzero((norm > 0) & np.isfinite(length) & np.isfinite(norm))
    order = usable[np.argsort(length[usable], kind="stable")]
    rows = (rows[order] / norm[order, None]).astype(np.float32)
    sorted_length = length[order]
    compared = agreeing_pairs(sorted_length, SECONDS, most=WINDOW)
    min_cosine = max(MIN_COSINE, least_cosine(rows, compared))
    pairs: list[tuple[int, int]] = []
    for start in range(0, len(order), CHUNK):
        stop = min(start + CHUNK, len(order))
        last = int(np.searchsorted(sorted_length, sorted_length[stop - 1] + SECONDS, side="right"))
        last = min(last, stop + WINDOW)
        cosine = rows[start:stop] @ rows[start:last].T
        left, right = np.nonzero(cosine >= min_cosine)
        near = (right > left) & (sorted_length[start + right] - sorted_length[start + left] <= SECONDS)
        pairs += zip(order[start + left[near]].tolist(), order[start + right[near]].tolist(), strict=True)
    return pairs


def _standardized(X: Float32) -> Float32:
    """(n, dimensions): columns minus their mean, divided by their deviation; zeros in a constant column."""
    # Not `scale.standardize`: single-precision order of operations is kept, because groups and folds depend on it.
    # A float64 sum of float32 numbers is exact. In float32 a constant column, such as an inactive unit of a network,
    # would keep the rounding error of its mean, equal in all rows, and be divided by it.
    centered = X - X.mean(axis=0, dtype=np.float64).astype(np.float32)
    deviation = np.sqrt(np.square(centered).mean(axis=0, dtype=np.float64)).astype(np.float32)
    return np.asarray(centered / np.where(deviation > 0, deviation, np.float32(1)), dtype=np.float32)


def agreeing_pairs(sorted_length: Floats, seconds: float, *, most: int | None = None) -> int:
    """Number of pairs with durations that agree, each track with at most `most` following ones; (n,) ascending."""
    last = np.searchsorted(sorted_length, sorted_length + seconds, side="right")
    following = last - np.arange(len(sorted_length)) - 1
    return int(np.minimum(following, len(following) if most is None else most).sum())


def least_cosine(rows: Float32, compared: int) -> float:
    """The cosine that chance exceeds for one track in a hundred, in `compared` pairs of different recordings.

    Rows (n, dimensions) are standardized and of length 1. For vectors of 500 numbers it is below 0.98 except in the
    largest collections; of vectors of three numbers one pair in a hundred reaches 0.98. The number of pairs within a
    distance is a power of the distance, with the correlation dimension as exponent (Grassberger and Procaccia 1983).
    The dimension is estimated from two quantiles of random pairs. Both are far from the closest pairs, so that copies
    (at most one pair in n) do not affect them. The result is above 1 if no cosine can tell copies from chance, and 0
    with too few tracks to estimate.
    """
    count = len(rows)
    if count < MIN_TRACKS or not compared:
        return 0.0
    share = min(max(5 / count, 0.01), 0.125)
    cosine = _random_cosines(rows)
    near, far = np.sqrt(2 * (1 - np.minimum(np.quantile(cosine, [1 - share, 1 - 2 * share]), 1)))
    if 1 - near**2 / 2 > MAX_COSINE or near == far:
        return 2.0
    dimension = np.log(2) / np.log(far / near)
    distance = near * (CHANCE_PAIRS * count / (compared * share)) ** (1 / dimension)
    least = 1 - float(distance) ** 2 / 2
    return least if least <= MAX_COSINE else 2.0


def _random_cosines(rows: Float32) -> Float32:
    """(PAIRS,): cosines of random pairs of different rows, with a fixed seed."""
    generator = np.random.default_rng(0)
    first = generator.integers(0, len(rows), PAIRS)
    second = (first + generator.integers(1, len(rows), PAIRS)) % len(rows)
    parts = [slice(start, start + CHUNK) for start in range(0, PAIRS, CHUNK)]
    return np.concatenate([np.einsum("ij,ij->i", rows[first[part]], rows[second[part]]) for part in parts])
