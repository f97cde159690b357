"""Agreement of clusters and genres: scores of the contingency table, each with its value by chance."""

from dataclasses import dataclass

import numpy as np

from catalog.arrays import Integers

NOISE = -1
"""Cluster number of tracks in no cluster."""
PERMUTATIONS = 20
"""Permutations of the labels for the purity by chance: for hundreds of tracks its deviation is below 0.01."""


@dataclass(frozen=True, slots=True)
class ChanceCorrectedScore:
    """A score from 0 to 1 that rises with the number of clusters, and its value by chance."""

    value: float
    chance: float
    """The mean over random assignments of the same labels to the same tracks."""


@dataclass(frozen=True, slots=True)
class ClusterAgreement:
    """Scores of genres against clusters. The first two are 0 on average by chance and 1 for identical partitions."""

    tracks: int
    adjusted_rand: float
    """Hubert and Arabie, "Comparing partitions" (1985)."""
    adjusted_mutual_information: float
    """Vinh, Epps and Bailey (2010); the arithmetic mean of both entropies as the norm."""
    homogeneity: ChanceCorrectedScore
    """High if a cluster holds one genre. Rosenberg and Hirschberg, "V-measure" (2007), as the next two."""
    completeness: ChanceCorrectedScore
    """High if a genre lies in one cluster."""
    v_measure: ChanceCorrectedScore
    """The harmonic mean of both."""
    purity: ChanceCorrectedScore
    """The share of the tracks with the most common genre of their cluster."""


def cluster_agreement(genres: Integers, clusters: Integers, *, seed: int = 0) -> ClusterAgreement | None:
    """The scores of n tracks' genres (n,) against their clusters (n,).

    None for fewer than two genres: any clusters would agree with them. The chance values of homogeneity, completeness
    and V-measure are exact: with fixed sizes they are the mutual information over a constant, and its expectation is
    known (Vinh, Epps and Bailey 2010). For purity the labels are permuted.
    """
    from sklearn.metrics import (  # takes a second to import, and only scores need it
        adjusted_mutual_info_score,
        adjusted_rand_score,
        homogeneity_completeness_v_measure,
    )
    from sklearn.metrics.cluster import contingency_matrix, expected_mutual_information

    genres, clusters = _numbered(genres), _numbered(clusters)
    if not len(genres) or not genres.any():
        return None
    homogeneity, completeness, v_measure = homogeneity_completeness_v_measure(genres, clusters)
    expected = float(
        expected_mutual_information(contingency_matrix(genres, clusters, sparse=True), len(genres))
    )
    of_genres, of_clusters = _entropy(genres), _entropy(clusters)
    return ClusterAgreement(
        tracks=len(genres),
        adjusted_rand=float(adjusted_rand_score(genres, clusters)),
        adjusted_mutual_information=float(adjusted_mutual_info_score(genres, clusters)),
        homogeneity=ChanceCorrectedScore(float(homogeneity), expected / of_genres),
        completeness=ChanceCorrectedScore(
            float(completeness), expected / of_clusters if of_clusters else 1.0
        ),
        v_measure=ChanceCorrectedScore(float(v_measure), 2 * expected / (of_genres + of_clusters)),
        purity=_purity(genres, clusters, seed),
    )


def singletons(clusters: Integers) -> Integers:
    """The clusters (n,) with each noise track as a cluster of its own."""
    noise = clusters == NOISE
    apart = clusters.copy()
    apart[noise] = clusters.max(initial=NOISE) + 1 + np.arange(noise.sum())
    return apart


def contingency(genres: Integers, clusters: Integers) -> tuple[Integers, Integers, Integers]:
    """Genres and clusters, ascending, and the tracks of each pair: (clusters, genres)."""
    genre_ids, genre = np.unique(genres, return_inverse=True)
    numbers, cluster = np.unique(clusters, return_inverse=True)
    return genre_ids, numbers, _table(genre, cluster, len(genre_ids), len(numbers))


def _purity(genres: Integers, clusters: Integers, seed: int) -> ChanceCorrectedScore:
    # A cluster of one track is always pure: thousands of them need no row of a table.
    shared = np.bincount(clusters)[clusters] > 1
    alone = int((~shared).sum())
    within = _numbered(clusters[shared])
    shape = (int(genres.max()) + 1, int(within.max(initial=-1)) + 1)

    def share(labels: Integers) -> float:
        table = _table(labels[shared], within, *shape)
        return float(table.max(axis=1, initial=0).sum() + alone) / len(genres)

    random = np.random.default_rng(seed)
    chance = np.mean([share(random.permutation(genres)) for _ in range(PERMUTATIONS)])
    return ChanceCorrectedScore(share(genres), float(chance))


def _table(genre: Integers, cluster: Integers, genres: int, clusters: int) -> Integers:
    counts = np.bincount(cluster * genres + genre, minlength=clusters * genres)
    return counts.reshape(clusters, genres)


def _numbered(labels: Integers) -> Integers:
    return np.unique(labels, return_inverse=True)[1].astype(np.int64)


def _entropy(labels: Integers) -> float:
    share = np.bincount(labels) / len(labels)
    share = share[share > 0]
    return float(-(share * np.log(share)).sum())
