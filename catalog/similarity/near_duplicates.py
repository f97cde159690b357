"""Near duplicates: one recording in two encodings, or on two albums, which must not sit on both sides of a score."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from catalog.arrays import Float32

ALIKE = 0.98
"""The cosine between standardized embeddings of two encodings of one recording: of 16 real ones two MP3s were at 0.991
or more and a poor Vorbis mostly above 0.96; no two recordings of 303 came to it."""
SECONDS = 1.0
"""By how much two durations of one recording may differ: padding of encoders."""
WINDOW = 2_000
"""With how many following tracks of the nearest durations each is compared: where hundreds of thousands of clips are
30 s long, the pairs are too many to look at all."""
CHUNK = 1_000
"""Rows of the table of cosines that are held at once."""
BY_CHANCE = 0.01
"""Pairs that may come out by chance, for each track: one in a hundred tracks."""
PAIRS = 50_000
"""Pairs drawn to see how alike different recordings are."""
FEWEST = 20
"""Tracks without which nothing can be seen of that."""
FINEST = 1 - 1e-6
"""Above this cosine float32 cannot tell one from another."""


def near_duplicates(
    X: Float32, duration: Sequence[float | None], *, alike: float = ALIKE, seconds: float = SECONDS
) -> list[tuple[int, int]]:
    """Pairs of positions whose vectors (n, dimensions) point the same way and whose durations in seconds agree.

    Columns are standardized first: a mean that all tracks share would make everything alike. A track without a duration
    or with a constant vector is nobody's duplicate. In order of duration, each is compared with the WINDOW next ones.
    Their cosine is `alike` at least, and more where different recordings come to that by chance (see `least_cosine`).
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
    compared = agreeing_pairs(sorted_length, seconds, most=WINDOW)
    alike = max(alike, least_cosine(rows, compared))
    pairs: list[tuple[int, int]] = []
    for start in range(0, len(order), CHUNK):
        stop = min(start + CHUNK, len(order))
        last = int(np.searchsorted(sorted_length, sorted_length[stop - 1] + seconds, side="right"))
        last = min(last, stop + WINDOW)
        cosine = rows[start:stop] @ rows[start:last].T
        left, right = np.nonzero(cosine >= alike)
        near = (right > left) & (sorted_length[start + right] - sorted_length[start + left] <= seconds)
        pairs += zip(order[start + left[near]].tolist(), order[start + right[near]].tolist(), strict=True)
    return pairs


def _standardized(X: Float32) -> Float32:
    """(n, dimensions): each dimension less its mean and over its deviation; zeros where it does not vary."""
    # The sum of float32 in float64 is exact: in float32 a dimension that does not vary, such as a unit of a network
    # that nothing in the collection wakes, would keep the error of its mean, the same in all rows, and be scaled by it.
    centered = X - X.mean(axis=0, dtype=np.float64).astype(np.float32)
    spread = np.sqrt(np.square(centered).mean(axis=0, dtype=np.float64)).astype(np.float32)
    return np.asarray(centered / np.where(spread > 0, spread, np.float32(1)), dtype=np.float32)


def agreeing_pairs(sorted_length: npt.NDArray[np.float64], seconds: float, *, most: int | None = None) -> int:
    """How many pairs have durations that agree, each track with at most so many of the following; (n,) ascending."""
    last = np.searchsorted(sorted_length, sorted_length + seconds, side="right")
    following = last - np.arange(len(sorted_length)) - 1
    return int(np.minimum(following, len(following) if most is None else most).sum())


def least_cosine(rows: Float32, compared: int) -> float:
    """The cosine to which, of `compared` pairs of different recordings, only one in a hundred tracks comes by chance.

    Rows (n, dimensions) are standardized and of length 1. Of 500 numbers it is below 0.98 in any but the largest
    collections; of three numbers every hundredth pair comes to 0.98. How many pairs are nearer than a distance grows as its power
    with the correlation dimension (Grassberger and Procaccia 1983), which is read off two quantiles of random pairs: far
    enough out that copies, at most one pair in n where everything is there twice, do not count. Above 1 where no
    cosine would tell, 0 where there are too few tracks to see.
    """
    count = len(rows)
    if count < FEWEST or not compared:
        return 0.0
    share = min(max(5 / count, 0.01), 0.125)
    cosine = _random_cosines(rows)
    near, far = np.sqrt(2 * (1 - np.minimum(np.quantile(cosine, [1 - share, 1 - 2 * share]), 1)))
    if 1 - near**2 / 2 > FINEST or near == far:
        return 2.0
    dimension = np.log(2) / np.log(far / near)
    distance = near * (BY_CHANCE * count / (compared * share)) ** (1 / dimension)
    least = 1 - float(distance) ** 2 / 2
    return least if least <= FINEST else 2.0


def _random_cosines(rows: Float32) -> Float32:
    """(PAIRS,): of pairs of different rows, the same ones every time."""
    generator = np.random.default_rng(0)
    one = generator.integers(0, len(rows), PAIRS)
    other = (one + generator.integers(1, len(rows), PAIRS)) % len(rows)
    parts = [slice(start, start + CHUNK) for start in range(0, PAIRS, CHUNK)]
    return np.concatenate([np.einsum("ij,ij->i", rows[one[part]], rows[other[part]]) for part in parts])
