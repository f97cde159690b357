"""Near duplicates: one recording in two encodings, or on two albums, which must not sit on both sides of a score."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

ALIKE = 0.98
"""The cosine between standardised embeddings of two encodings of one recording: of 16 real ones two MP3s were at 0.991
or more and a poor Vorbis mostly above 0.96; no two recordings of 303 came to it."""
SECONDS = 1.0
"""By how much two durations of one recording may differ: padding of encoders."""
WINDOW = 2_000
"""With how many following tracks of the nearest durations each is compared: where hundreds of thousands of clips are
30 s long, the pairs are too many to look at all."""
CHUNK = 1_000
"""Rows of the table of cosines that are held at once."""


def near_duplicates(
    X: Floats, duration: Sequence[float | None], *, alike: float = ALIKE, seconds: float = SECONDS
) -> list[tuple[int, int]]:
    """Pairs of positions whose vectors (n, dimensions) point the same way and whose durations in seconds agree.

    Columns are standardised first: a mean that all tracks share would make everything alike. A track without a duration
    or with a constant vector is nobody's duplicate. In order of duration, each is compared with the WINDOW next ones.
    """
    length = np.array([np.nan if one is None else one for one in duration], dtype=np.float64)
    if len(X) < 2:
        return []
    spread = X.std(axis=0)
    rows = np.where(spread > 0, (X - X.mean(axis=0)) / np.where(spread > 0, spread, 1.0), 0.0)
    norm = np.linalg.norm(rows, axis=1)
    usable = np.flatnonzero((norm > 0) & np.isfinite(length) & np.isfinite(norm))
    order = usable[np.argsort(length[usable], kind="stable")]
    rows = (rows[order] / norm[order, None]).astype(np.float32)
    sorted_length = length[order]
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
