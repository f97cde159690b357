"""Duplicates: one recording more than once in the catalog, told by its audio or by how much alike it sounds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from catalog.arrays import Float32, Integers
from catalog.similarity.near_duplicates import ALIKE, SECONDS, agreeing_pairs, least_cosine, near_duplicates
from catalog.similarity.nearest import standardize

Kind = Literal["same_audio", "nearly_same"]

EXACT_UP_TO = 30_000
"""Above so many tracks the nearest are looked up in an index: too many would have nearly the same length."""
NEAREST = 8
"""How many of them are looked at."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two tracks that may be one recording, by their ids."""

    track_id: int
    """The smaller id."""
    other_track_id: int
    kind: Kind
    similarity: float
    """Cosine of the standardized embeddings; 1 for the same audio."""


def same_audio_pairs(track_ids: Sequence[int], hashes: Sequence[str | None]) -> list[Pair]:
    """Each track whose audio is equal, byte for byte, with the first that has it. The ids ascend."""
    first: dict[str, int] = {}
    pairs = []
    for track_id, audio in zip(track_ids, hashes, strict=True):
        if audio is None:
            continue
        earlier = first.setdefault(audio, track_id)
        if earlier != track_id:
            pairs.append(Pair(earlier, track_id, "same_audio", 1.0))
    return pairs


def near_duplicate_pairs(
    track_ids: Integers, X: Float32, duration: Sequence[float | None], known: Sequence[Pair] = ()
) -> list[Pair]:
    """Tracks whose vectors (n, dimensions) have a cosine of 0.98 or more and whose lengths agree within a second.

    More than 0.98 where different recordings come to that by chance: vectors of a few numbers are soon alike.
    The ids (n,) ascend. Of tracks that are `known` to have the same audio only the first is compared.
    """
    repeated = {pair.other_track_id for pair in known}
    asked = np.flatnonzero([track_id not in repeated for track_id in track_ids.tolist()])
    if len(asked) < 2:
        return []
    lengths = [duration[at] for at in asked.tolist()]
    if len(asked) < len(X):
        X = X[asked]
    rows = standardize(X)
    near = near_duplicates(X, lengths) if len(X) <= EXACT_UP_TO else _by_index(rows, lengths)
    pairs = []
    for left, right in sorted({(min(pair), max(pair)) for pair in near}):
        cosine = min(float(rows[left] @ rows[right]), 1.0)
        here, there = int(track_ids[asked[left]]), int(track_ids[asked[right]])
        pairs.append(Pair(here, there, "nearly_same", round(cosine, 4)))
    return pairs


def connected_tracks(pairs: Sequence[Pair]) -> list[list[int]]:
    """The track ids that pairs connect, each group ascending, the largest first."""
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
    """Whether both tracks have genres and no genre of one is a genre of the other, or broader, or narrower.

    `above` holds each genre's path to its top term, itself first.
    """
    related = any(
        one in above.get(two, (two,)) or two in above.get(one, (one,)) for one in genres for two in others
    )
    return bool(genres) and bool(others) and not related


def _by_index(rows: Float32, duration: Sequence[float | None]) -> list[tuple[int, int]]:
    """Pairs of positions, each track having been compared with the nearest that an approximate index gives.

    The rows (n, dimensions) are standardized and of length 1, or 0.
    """
    import voyager  # type: ignore[import-untyped]  # for large collections only

    length = np.array([np.nan if one is None else one for one in duration], dtype=np.float64)
    usable = np.flatnonzero(np.isfinite(length) & (np.linalg.norm(rows, axis=1) > 0))
    if len(usable) < len(rows):
        rows, length = rows[usable], length[usable]
    index = voyager.Index(
        voyager.Space.InnerProduct, num_dimensions=rows.shape[1], M=12, ef_construction=100, random_seed=0
    )
    index.add_items(rows, num_threads=1)
    least = max(ALIKE, least_cosine(rows, agreeing_pairs(np.sort(length), SECONDS)))
    near, _ = index.query(rows, k=min(NEAREST, len(rows)), num_threads=1)
    pairs = []
    for here, candidates in enumerate(near.astype(np.int64)):
        there = candidates[candidates != here]
        alike = (rows[there] @ rows[here] >= least) & (np.abs(length[there] - length[here]) <= SECONDS)
        pairs += [(int(usable[here]), int(other)) for other in usable[there[alike]]]
    return pairs
