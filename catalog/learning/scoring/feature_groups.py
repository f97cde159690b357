"""Families of dimensions: which numbers of a vector describe the same side of the sound, and which families say the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform
from scipy.stats import rankdata

from catalog.arrays import Floats, Integers
from catalog.learning.classifiers import Matrix

ALIKE = 0.75
"""Families whose agreement is at least this are one group. On real music the harmonic part, the percussive part and the mel
spectrum agree by 0.89 to 0.97, roll-off and bandwidth by 0.86, chroma CENS and CQT by 0.80; a network's tags and its
penultimate layer by 0.86 to 0.90, the two networks by 0.66 to 0.78; contrast and MFCC by 0.67, chroma and MFCC by 0.2."""

NAMES: Mapping[str, str] = MappingProxyType(
    {
        "harmonic": "harmonic part (H)",
        "percussive": "percussive part (P)",
        "mel": "mel spectrum",
        "mfcc": "MFCC",
        "chroma_cens": "chroma CENS",
        "chroma_cqt": "chroma CQT",
        "chroma_stft": "chroma STFT",
        "tonnetz": "tonnetz",
        "spectral_contrast": "contrast",
        "spectral_centroid": "centroid",
        "spectral_bandwidth": "bandwidth",
        "spectral_rolloff": "roll-off",
        "rmse": "RMS",
        "zcr": "zero crossings",
        "tempo": "tempo",
        "onset_rate": "onset rate",
        "harmonic_share": "harmonic and percussive share",
        "percussive_share": "harmonic and percussive share",
        "msd.penultimate": "MSD penultimate",
        "msd.tag": "MSD tags",
        "mtt.penultimate": "MTT penultimate",
        "mtt.tag": "MTT tags",
    }
)
"""What people call a family, by the first parts of its dimensions' names. One that is not here is called by the first."""


def family_of(dimension: str) -> str:
    """The family of a dimension, which is named `feature.statistic.number`, or `network.layer.number`."""
    feature, _, rest = dimension.partition(".")
    layer = f"{feature}.{rest.partition('.')[0]}"
    return NAMES.get(layer) or NAMES.get(feature) or feature


def families(dimensions: Sequence[str]) -> dict[str, Integers]:
    """The columns of each family, ascending; families in the order of their first column."""
    columns: dict[str, list[int]] = {}
    for column, name in enumerate(dimensions):
        columns.setdefault(family_of(name), []).append(column)
    return {name: np.array(found, dtype=np.int64) for name, found in columns.items()}


def hsic(one: Floats, other: Floats) -> float:
    """How much two Gram matrices (n, n) agree on which tracks are alike: 1 the same, 0 (or a little below) nothing.

    Linear centered kernel alignment (Kornblith et al., "Similarity of neural network representations revisited", 2019)
    with the unbiased estimate of Song et al. (2012): families of any number of dimensions can be compared on few tracks,
    where canonical correlation finds a perfect one between any two families of more dimensions than tracks.
    """
    own = _product(one, one) * _product(other, other)
    return _product(one, other) / float(np.sqrt(own)) if own > 0 else 0.0


def redundant_groups(X: Matrix, columns: Sequence[Integers], *, threshold: float = ALIKE) -> list[list[int]]:
    """Which families of vectors X (n, dimensions) say the same: positions in `columns`, group by group.

    Agreement of ranks, so that units and outliers do not matter; average linkage. No label is looked at. Fewer than four
    tracks tell nothing: each family is a group then.
    """
    if len(X) < 4 or len(columns) < 2:
        return [[at] for at in range(len(columns))]
    grams = [_gram(X[:, one]) for one in columns]
    distance = np.zeros((len(grams), len(grams)))
    for at in range(len(grams)):
        for other in range(at):
            distance[at, other] = distance[other, at] = 1 - min(max(hsic(grams[at], grams[other]), 0), 1)
    labels = fcluster(linkage(squareform(distance), method="average"), t=1 - threshold, criterion="distance")
    groups: dict[int, list[int]] = {}
    for at, label in enumerate(labels.tolist()):
        groups.setdefault(label, []).append(at)
    return list(groups.values())


def _gram(X: Matrix) -> Floats:
    """(n, n): inner products of the columns' ranks, every column weighing the same; the diagonal is left out."""
    ranks = rankdata(X, axis=0)
    ranks -= ranks.mean(axis=0)
    length = np.linalg.norm(ranks, axis=0)
    ranks /= np.where(length > 0, length, 1.0)
    gram = ranks @ ranks.T
    np.fill_diagonal(gram, 0.0)
    return np.asarray(gram, dtype=np.float64)


def _product(one: Floats, other: Floats) -> float:
    """The unbiased Hilbert-Schmidt independence criterion of two Gram matrices with empty diagonals, times n (n - 3)."""
    n = len(one)
    sums, other_sums = one.sum(axis=0), other.sum(axis=0)
    return float(
        (one * other).sum()
        + sums.sum() * other_sums.sum() / ((n - 1) * (n - 2))
        - 2 * (sums @ other_sums) / (n - 2)
    )
