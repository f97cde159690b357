"""Duplicates: tracks that are the same recording, by equal audio or by similar vectors."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from catalog.arrays import Float32, Integers
from catalog.similarity.near_duplicates import (
    MIN_COSINE,
    SECONDS,
    agreeing_pairs,
    least_cosine,
    near_duplicates,
)
from catalog.similarity.scale import moments, unit_vectors

Kind = Literal["same_audio", "nearly_same"]

EXACT_UP_TO = 30_000
"""Tracks above which an approximate index finds the candidates: too many have nearly the same duration."""
CANDIDATES = 8
"""Nearest tracks that the index returns."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two tracks that may be one recording."""

    track_id: int
    """The smaller id."""
    other_track_id: int
    kind: Kind
    similarity: float
    """Cosine of the standardized embeddings; 1 for the same audio."""


def same_audio_pairs(track_ids: Sequence[int], hashes: Sequence[str | None]) -> list[Pair]:
    """Pairs of each track with the first track of equal audio (bytes). The ids ascend."""
    first: dict[str, int] = {}
    pairs = []
    for track_id, audio_hash in zip(track_ids, hashes, strict=True):
        if audio_hash is None:
            continue
        earlier = first.setdefault(audio_hash, track_id)
        if earlier != track_id:
            pairs.append(Pair(earlier, track_id, "same_audio", 1.0))
    return pairs


def near_duplicate_pairs(
    track_ids: Integers, X: Float32, duration: Sequence[float | None], same_audio: Sequence[Pair] = ()
) -> list[Pair]:
    """Pairs whose vectors (n, dimensions) have a cosine of 0.98 or more and whose durations differ by a second at most.

    The limit is higher where different recordings reach 0.98 by chance, as short vectors do. The ids (n,) ascend. Of
    tracks with equal audio (`same_audio`) only the first is compared.
    """
    repeated = {pair.other_track_id for pair in same_audio}
    compared = np.flatnonzero([track_id not in repeated for track_id in track_ids.tolist()])
    if len(compared) < 2:
        return []
    lengths = [duration[at] for at in compared.tolist()]
    if len(compared) < len(X):
        X = X[compared]
    rows = unit_vectors(X, *moments(X))
    near = near_duplicates(X, lengths) if len(X) <= EXACT_UP_TO else _search_index(rows, lengths)
    pairs = []
    for left, right in sorted({(min(pair), max(pair)) for pair in near}):
        cosine = min(float(rows[left] @ rows[right]), 1.0)
        first, second = int(track_ids[compared[left]]), int(track_ids[compared[right]])
        pairs.append(Pair(first, second, "nearly_same", round(cosine, 4)))
    return pairs


def connected_tracks(pairs: Sequence[Pair]) -> list[list[int]]:
    """The groups of track ids that pairs connect, each ascending, largest first."""
    ids = np.unique([(pair.track_id, pair.other_track_id) for pair in pairs])
    left = np.searchsorted(ids, [pair.track_id for pair in pairs])
    right = np.searchsorted(ids, [pair.other_track_id for pair in pairs])
    graph = coo_array((np.ones(len(pairs), np.int8), (left, right)), shape=(len(ids), len(ids)))
    _, component = connected_components(graph, directed=False)
    members: defaultdict[int, list[int]] = defaultdict(list)
    for track_id, number in zip(ids.tolist(), component.tolist(), strict=True):
        members[number].append(track_id)
    return sorted(members.values(), key=lambda group: (-len(group), group[0]))


def genres_differ(genres: Sequence[int], others: Sequence[int], above: Mapping[int, Sequence[int]]) -> bool:
    """Whether both tracks have genres and no genre of one equals, contains or is part of a genre of the other.

    `above` is each genre's path to its top term, starting with the genre.
    """
    related = any(
        genre in above.get(other, (other,)) or other in above.get(genre, (genre,))
        for genre in genres
        for other in others
    )
    return bool(genres) and bool(others) and not related


def _search_index(rows: Float32, duration: Sequence[float | None]) -> list[tuple[int, int]]:
    """Pairs of positions among the nearest tracks that an approximate index finds.

    The rows (n, dimensions) are standardized and of length 1, or 0.
    """
    import voyager  # type: ignore[import-untyped]  # used for large collections only

    length = np.array([np.nan if seconds is None else seconds for seconds in duration], dtype=np.float64)
    usable = np.flatnonzero(np.isfinite(length) & (np.linalg.norm(rows, axis=1) > 0))
    if len(usable) < len(rows):
        rows, length = rows[usable], length[usable]
    index = voyager.Index(
        voyager.Space.InnerProduct, num_dimensions=rows.shape[1], M=12, ef_construction=100, random_seed=0
    )
    index.add_items(rows, num_threads=1)
    least = max(MIN_COSINE, least_cosine(rows, agreeing_pairs(np.sort(length), SECONDS)))
    near, _ = index.query(rows, k=min(CANDIDATES, len(rows)), num_threads=1)
    pairs = []
    for position, candidates in enumerate(near.astype(np.int64)):
        others = candidates[candidates != position]
        is_pair = (rows[others] @ rows[position] >= least) & (
            np.abs(length[others] - length[position]) <= SECONDS
        )
        pairs += [(int(usable[position]), int(other)) for other in usable[others[is_pair]]]
    return pairs
