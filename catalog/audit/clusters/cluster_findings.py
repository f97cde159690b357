"""What clusters say of genres: which share a cluster, which falls apart, which tracks lie deep inside another's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from catalog.arrays import Float32, Integers
from catalog.audit.clusters.contingency import NOISE, contingency

FEWEST = 5
"""Tracks of a genre, or labeled ones of a cluster, below which nothing is said of it."""
LEAST_SHARE = 0.5
"""Of a cluster's labeled tracks by others, that a genre needs for the cluster to be its own."""
LEAST_OVERLAP = 0.1
"""Of two genres' tracks, in the same clusters, that is worth a line."""
LARGEST = 3
"""Genres named of a cluster."""


@dataclass(frozen=True, slots=True)
class Content:
    """What lies in a cluster."""

    cluster: int
    """NOISE for the tracks in none."""
    labeled: int
    genres: tuple[tuple[int, int], ...]
    """The commonest genres (ids) and their tracks."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Over how many clusters a genre lies. Tracks of noise are in none."""

    genre_id: int
    tracks: int
    """Clustered ones."""
    noise: int
    clusters: int
    effective: float
    """The exponential of the entropy: the number of clusters, were all of them equally full (Hill 1973)."""
    main_cluster: int
    main_share: float


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two genres in the same clusters."""

    genre_id: int
    other_id: int
    overlap: float
    """The sum over clusters of the lesser of both genres' shares there: 0 is apart, 1 is not told apart."""
    cluster: int
    """Where most of that is."""


@dataclass(frozen=True, slots=True)
class Outlier:
    """A labeled track deep inside another genre's cluster."""

    track_id: int
    genre_id: int
    """Its own."""
    cluster: int
    majority_genre_id: int
    share: float
    """Of the cluster's labeled tracks, without those of the same artist, that have the majority genre."""
    depth: float
    """1 at the center of the cluster, 0 halfway to the next one."""


@dataclass(frozen=True, eq=False)
class Labeled:
    """n labeled tracks and where they were put."""

    track_ids: Integers
    genres: Integers
    """(n,): genre ids, of the level that is looked at."""
    clusters: Integers
    centrality: Float32
    artists: Integers
    """(n,): ids; 0 where nobody is known."""


def contents(genres: Integers, clusters: Integers) -> list[Content]:
    """Every cluster that has labeled tracks, by number, noise first."""
    genre_ids, numbers, table = contingency(genres, clusters)
    found = []
    for number, row in zip(numbers.tolist(), table, strict=True):
        order = np.argsort(-row, kind="stable")[:LARGEST]
        named = tuple((int(genre_ids[at]), int(row[at])) for at in order if row[at])
        found.append(Content(number, int(row.sum()), named))
    return found


def spreads(genres: Integers, clusters: Integers) -> list[Spread]:
    """Every genre of FEWEST clustered tracks or more; the one that falls apart most comes first."""
    genre_ids, numbers, table = contingency(genres, clusters)
    inside = numbers != NOISE
    found = []
    for genre_id, column in zip(genre_ids.tolist(), table.T, strict=True):
        counts = column[inside]
        tracks = int(counts.sum())
        if tracks < FEWEST:
            continue
        share = counts[counts > 0] / tracks
        effective = float(np.exp(-(share * np.log(share)).sum()))
        main = int(counts.argmax())
        found.append(
            Spread(
                genre_id=genre_id,
                tracks=tracks,
                noise=int(column[~inside].sum()),
                clusters=len(share),
                effective=effective,
                main_cluster=int(numbers[inside][main]),
                main_share=float(counts[main] / tracks),
            )
        )
    return sorted(found, key=lambda one: (-one.effective, one.genre_id))


def overlaps(genres: Integers, clusters: Integers) -> list[Overlap]:
    """The pairs of genres, of FEWEST clustered tracks or more, that share clusters; the least told apart first."""
    inside = clusters != NOISE
    genre_ids, numbers, table = contingency(genres[inside], clusters[inside])
    often = table.sum(axis=0) >= FEWEST
    genre_ids, table = genre_ids[often], table[:, often]
    share = table / table.sum(axis=0)
    found = []
    for at, genre_id in enumerate(genre_ids.tolist()):
        common = np.minimum(share[:, at, None], share[:, at + 1 :])
        for place, overlap in enumerate(common.sum(axis=0).tolist()):
            if overlap >= LEAST_OVERLAP:
                other, cluster = int(genre_ids[at + 1 + place]), int(numbers[common[:, place].argmax()])
                found.append(Overlap(genre_id, other, overlap, cluster))
    return sorted(found, key=lambda one: (-one.overlap, one.genre_id, one.other_id))


def outliers(labeled: Labeled) -> list[Outlier]:
    """The tracks in the deeper half of a cluster that is another genre's by the tracks of other artists.

    A cluster says something where FEWEST labeled tracks by others are in it. The purest clusters come first, and in
    them the deepest tracks.
    """
    rows = np.flatnonzero((labeled.clusters != NOISE) & np.isfinite(labeled.centrality))
    if not len(rows):
        return []
    genre_ids, numbers, table = contingency(labeled.genres[rows], labeled.clusters[rows])
    genre = np.searchsorted(genre_ids, labeled.genres[rows])
    cluster = np.searchsorted(numbers, labeled.clusters[rows])
    depth = labeled.centrality[rows]
    majority = table.argmax(axis=1)[cluster]
    middle = np.array([np.median(depth[cluster == each]) for each in range(len(numbers))])
    chosen = np.flatnonzero((genre != majority) & (depth >= middle[cluster]))
    own_majority, own = _by_the_same(
        labeled.artists[rows], cluster, genre == majority, chosen, asked=labeled.track_ids[rows]
    )
    others = table.sum(axis=1)[cluster[chosen]] - own
    share = (table[cluster[chosen], majority[chosen]] - own_majority) / np.maximum(others, 1)
    kept = (others >= FEWEST) & (share >= LEAST_SHARE)
    found = [
        Outlier(
            track_id=int(labeled.track_ids[rows[at]]),
            genre_id=int(genre_ids[genre[at]]),
            cluster=int(numbers[cluster[at]]),
            majority_genre_id=int(genre_ids[majority[at]]),
            share=float(part),
            depth=float(depth[at]),
        )
        for at, part in zip(chosen[kept], share[kept], strict=True)
    ]
    return sorted(found, key=lambda one: (-one.share, -one.depth, one.track_id))


def _by_the_same(
    artists: Integers,
    cluster: Integers,
    is_majority: npt.NDArray[np.bool_],
    chosen: Integers,
    *,
    asked: Integers,
) -> tuple[Integers, Integers]:
    """For each chosen track the tracks by its artist in its cluster: of the majority genre, and all of them."""
    # Whose artist is not known is by somebody of its own.
    who = np.where(artists > 0, artists, -asked)
    pair = np.unique(np.stack([cluster, who]), axis=1, return_inverse=True)[1].reshape(-1)
    every = np.bincount(pair)
    majority = np.bincount(pair, weights=is_majority).astype(np.int64)
    return majority[pair[chosen]], every[pair[chosen]]
