"""Predictions of untagged tracks by the mean of their album, where the out-of-fold score chose albums."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from catalog.arrays import Booleans, Floats, Integers
from catalog.learning.dataset.labeled_tracks import LabeledTracks
from catalog.learning.fitting.abstention import Selections
from catalog.learning.fitting.album_averaging import ALONE, album_units, average_by_unit
from catalog.learning.fitting.album_score import AlbumScore
from catalog.learning.fitting.cross_fit import FittedModel


def units_to_predict(
    score: AlbumScore | None, tracks: LabeledTracks, ids: Integers, eligible: Booleans
) -> Integers:
    """(n,): the album number of each `eligible` track (n,); ALONE for other tracks and where the score chose tracks."""
    if score is None or score.unit != "album":
        return np.full(len(ids), ALONE, dtype=np.int64)
    positions = tracks.at(ids)
    albums = [
        tracks.albums[at] if is_eligible else None
        for at, is_eligible in zip(positions, eligible.tolist(), strict=True)
    ]
    return album_units(albums, [tracks.artists[at] for at in positions])


def predictions_by_album(
    model: FittedModel, score: AlbumScore, probability: Floats, resemblance: Floats | None, unit: Integers
) -> tuple[Floats, Selections]:
    """(n, classes): probabilities averaged over the units (n,), and the selected genres.

    Units have a threshold of their own, because a mean varies less than its members and would pass the threshold of
    single tracks too often. The resemblance to each class is not averaged: speech on a music album stays speech.
    """
    means = average_by_unit(probability, unit, score.mean)
    album_model = replace(model, threshold=replace(model.threshold, value=score.threshold))
    by_track, by_album = (one.select(means, resemblance) for one in (model, album_model))
    return means, Selections(
        node=np.where(unit == ALONE, by_track.node, by_album.node),
        probability=np.where(unit == ALONE, by_track.probability, by_album.probability),
    )
