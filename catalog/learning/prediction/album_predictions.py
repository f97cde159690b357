"""Answers by album: where the out-of-fold score chose albums, untagged tracks are answered by their album's mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from catalog.arrays import Booleans, Floats, Integers
from catalog.learning.dataset.labeled_tracks import LabeledTracks
from catalog.learning.fitting.abstention import Selections
from catalog.learning.fitting.album_averaging import ALONE, album_units, average_by_unit
from catalog.learning.fitting.cross_fit import FittedModel


def units_to_predict(
    metrics: Mapping[str, Any], tracks: LabeledTracks, ids: Integers, asked: Booleans
) -> Integers:
    """(n,): the album unit of each track among those `asked` (n,) for, ALONE for others and where albums are not taken.

    `metrics` are the model's, which say what the out-of-fold score chose.
    """
    if (metrics.get("by_album") or {}).get("unit") != "album":
        return np.full(len(ids), ALONE, dtype=np.int64)
    positions = tracks.at(ids)
    albums = [
        tracks.albums[at] if wanted else None for at, wanted in zip(positions, asked.tolist(), strict=True)
    ]
    return album_units(albums, [tracks.artists[at] for at in positions])


def predictions_by_album(
    model: FittedModel,
    metrics: Mapping[str, Any],
    probability: Floats,
    resemblance: Floats | None,
    unit: Integers,
) -> tuple[Floats, Selections]:
    """(n, classes) with the means of the units (n,), and the answers: those of units by the threshold of albums.

    A mean is surer than what it is made of, so that the threshold of single tracks would answer too often. How much a
    track resembles a class stays its own: one speech among songs is not sung.
    """
    found = metrics["by_album"]
    means = average_by_unit(probability, unit, found["mean"])
    of_albums = replace(model, threshold=replace(model.threshold, value=found["threshold"]))
    alone, together = (one.answers(means, resemblance) for one in (model, of_albums))
    return means, Selections(
        node=np.where(unit == ALONE, alone.node, together.node),
        probability=np.where(unit == ALONE, alone.probability, together.probability),
    )
