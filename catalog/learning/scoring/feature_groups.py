"""Feature groups: the dimensions of a vector that belong to one descriptor or one network layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np

from catalog.arrays import Integers

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
"""Display names by the first parts of dimension names. A group that is not listed is named by the first part."""


def feature_group_of(dimension: str) -> str:
    """The group of a dimension, which is named `feature.statistic.number` or `network.layer.number`."""
    feature, _, rest = dimension.partition(".")
    layer = f"{feature}.{rest.partition('.')[0]}"
    return NAMES.get(layer) or NAMES.get(feature) or feature


def feature_groups(dimensions: Sequence[str]) -> dict[str, Integers]:
    """The columns of each group, ascending; groups in the order of their first column."""
    columns: dict[str, list[int]] = {}
    for column, name in enumerate(dimensions):
        columns.setdefault(feature_group_of(name), []).append(column)
    return {name: np.array(numbers, dtype=np.int64) for name, numbers in columns.items()}
