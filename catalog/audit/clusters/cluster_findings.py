"""Findings of a clustering on genres: genres that share clusters, spread-out genres, and outliers."""

from dataclasses import dataclass

import numpy as np

from catalog.arrays import Booleans, Float32, Integers
from catalog.audit.clusters.contingency import NOISE, contingency

FEWEST = 5
"""Tracks of a genre, or labeled tracks of a cluster, below which there is no finding."""
LEAST_SHARE = 0.5
"""Share of a cluster's labeled tracks by other artists that makes it the cluster of a genre."""
LEAST_OVERLAP = 0.1
"""Smallest overlap of two genres that is reported."""
LARGEST = 3
"""Genres listed for a cluster."""


@dataclass(frozen=True, slots=True)
class Content:
    """The genres of a cluster."""

    cluster: int
    """NOISE for the tracks in no cluster."""
    labeled: int
    genres: tuple[tuple[int, int], ...]
    """The most common genres (ids) and their tracks."""


@dataclass(frozen=True, slots=True)
class Spread:
    """The clusters of a genre, without noise."""

    genre_id: int
    tracks: int
    """In clusters."""
    noise: int
    clusters: int
    effective: float
    """The exponential of the entropy: the number of equally full clusters (Hill 1973)."""
    main_cluster: int
    main_share: float


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two genres in the same clusters."""

    genre_id: int
    other_id: int
    overlap: float
    """The sum over clusters of the smaller of both genres' shares: 0 for separate genres, 1 for identical ones."""
    cluster: int
    """The cluster with the largest overlap."""


@dataclass(frozen=True, slots=True)
class Outlier:
    """A labeled track near the center of another genre's cluster."""

    track_id: int
    genre_id: int
    """The label."""
    cluster: int
    majority_genre_id: int
    share: float
    """Share of the majority genre among the cluster's labeled tracks by other artists."""
    depth: float
    """1 at the center of the cluster, 0 halfway to the next one."""


@dataclass(frozen=True, eq=False)
class Labeled:
    """n labeled tracks and their clusters."""

    track_ids: Integers
    genres: Integers
    """(n,): genre ids at the level of the run."""
    clusters: Integers
    centrality: Float32
    artists: Integers
    """(n,): ids; 0 for unknown artists."""


def contents(genres: Integers, clusters: Integers) -> list[Content]:
    """Every cluster with labeled tracks, by number, noise first."""
    genre_ids, numbers, table = contingency(genres, clusters)
    findings = []
    for number, row in zip(numbers.tolist(), table, strict=True):
        order = np.argsort(-row, kind="stable")[:LARGEST]
        named = tuple((int(genre_ids[at]), int(row[at])) for at in order if row[at])
        findings.append(Content(number, int(row.sum()), named))
    return findings


def spreads(genres: Integers, clusters: Integers) -> list[Spread]:
    """Every genre with at least FEWEST clustered tracks, most spread out first."""
    genre_ids, numbers, table = contingency(genres, clusters)
    inside = numbers != NOISE
    findings = []
    for genre_id, column in zip(genre_ids.tolist(), table.T, strict=True):
        counts = column[inside]
        tracks = int(counts.sum())
        if tracks < FEWEST:
            continue
        share = counts[counts > 0] / tracks
        effective = float(np.exp(-(share * np.log(share)).sum()))
        main = int(counts.argmax())
        findings.append(
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
    return sorted(findings, key=lambda spread: (-spread.effective, spread.genre_id))


def overlaps(genres: Integers, clusters: Integers) -> list[Overlap]:
    """The pairs of genres, with at least FEWEST clustered tracks each, that share clusters; largest overlap first."""
    inside = clusters != NOISE
    genre_ids, numbers, table = contingency(genres[inside], clusters[inside])
    often = table.sum(axis=0) >= FEWEST
    genre_ids, table = genre_ids[often], table[:, often]
    share = table / table.sum(axis=0)
    findings = []
    for at, genre_id in enumerate(genre_ids.tolist()):
        common = np.minimum(share[:, at, None], share[:, at + 1 :])
        for place, overlap in enumerate(common.sum(axis=0).tolist()):
            if overlap >= LEAST_OVERLAP:
                other, cluster = int(genre_ids[at + 1 + place]), int(numbers[common[:, place].argmax()])
                findings.append(Overlap(genre_id, other, overlap, cluster))
    return sorted(findings, key=lambda pair: (-pair.overlap, pair.genre_id, pair.other_id))


def outliers(labeled: Labeled) -> list[Outlier]:
    """The tracks in the central half of a cluster whose majority genre, by the tracks of other artists, is another.

    A cluster needs FEWEST labeled tracks by other artists. The purest clusters come first, and in them the most central
    tracks.
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
    own_majority, own = _by_same_artist(
        labeled.artists[rows], cluster, genre == majority, chosen, track_ids=labeled.track_ids[rows]
    )
    others = table.sum(axis=1)[cluster[chosen]] - own
    share = (table[cluster[chosen], majority[chosen]] - own_majority) / np.maximum(others, 1)
    kept = (others >= FEWEST) & (share >= LEAST_SHARE)
    findings = [
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
    return sorted(findings, key=lambda outlier: (-outlier.share, -outlier.depth, outlier.track_id))


def _by_same_artist(
    artists: Integers,
    cluster: Integers,
    is_majority: Booleans,
    chosen: Integers,
    *,
    track_ids: Integers,
) -> tuple[Integers, Integers]:
    """For each chosen track the tracks by its artist in its cluster: of the majority genre, and all."""
    # A track without a known artist counts as an artist of its own.
    artist = np.where(artists > 0, artists, -track_ids)
    pair = np.unique(np.stack([cluster, artist]), axis=1, return_inverse=True)[1].reshape(-1)
    every = np.bincount(pair)
    majority = np.bincount(pair, weights=is_majority).astype(np.int64)
    return majority[pair[chosen]], every[pair[chosen]]
