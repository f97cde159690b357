"""Predictions as rows: the likeliest genres of a track, and what is suggested for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.arrays import Floats, Integers
from catalog.db.tables import prediction, track_descriptor
from catalog.db.tables.learning import CHOICES
from catalog.learning.dataset.hierarchy import Hierarchy
from catalog.learning.fitting.abstention import NOTHING, Selections

CHUNK = 2_000
SPEECH = 0.5
"""Above this probability of speech no genre is suggested on the word of the sound."""
NEARLY_SILENT = -60.0
"""Below this loudness, in dBFS RMS, there is nothing to hear a genre in: what the networks hear then is hiss."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What is proposed for a track after abstaining, backing off and asking the artist's other tracks."""

    genre_id: int
    probability: float | None
    """None where it does not come from the sound."""
    by: str
    """`sound`, `album`, `artist` or `zero_shot`."""


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a model says of n tracks."""

    track_ids: Integers
    classes: Sequence[int]
    """Genre ids of the columns."""
    probability: Floats
    """(n, classes): calibrated."""
    suggestions: Sequence[Suggestion | None]
    """(n): None is unknown."""
    fold: Integers | None = None
    """(n,): for tracks of the training set, whose whole row is kept too."""
    by_album: npt.NDArray[np.bool_] | None = None
    """(n,): which rows are the mean of an album; None: no row."""

    def rows(self) -> Iterator[dict[str, Any]]:
        """A row of the table for each track, without the model."""
        likeliest = np.argsort(-self.probability, axis=1, kind="stable")[:, :CHOICES]
        for at, track_id in enumerate(self.track_ids.tolist()):
            chosen = self.suggestions[at]
            row: dict[str, Any] = {
                "track_id": track_id,
                "unit": "album" if self.by_album is not None and self.by_album[at] else "track",
                "fold": None if self.fold is None else int(self.fold[at]),
                "probabilities": None if self.fold is None else self.probability[at].astype(np.float32),
                "suggested_genre_id": None if chosen is None else chosen.genre_id,
                "suggested_probability": None if chosen is None else chosen.probability,
                "suggested_by": None if chosen is None else chosen.by,
            }
            for place in range(CHOICES):
                column = int(likeliest[at, place]) if place < likeliest.shape[1] else None
                row[f"genre_{place + 1}_id"] = None if column is None else self.classes[column]
                row[f"probability_{place + 1}"] = (
                    None if column is None else round(float(self.probability[at, column]), 6)
                )
            yield row


def predictions_from_audio(
    given: Selections, hierarchy: Hierarchy, by: str = "audio"
) -> list[Suggestion | None]:
    """What is suggested by the answers (n) of a model."""
    return [
        None if node == NOTHING else Suggestion(hierarchy.nodes[node], round(float(probability), 6), by)
        for node, probability in zip(given.node, given.probability, strict=True)
    ]


def no_music_among(connection: Connection, track_ids: Integers) -> npt.NDArray[np.bool_]:
    """(n,): which tracks are more probably speech than music, or nearly silent: these have no genre to be heard."""
    heard = track_descriptor.c
    without = connection.execute(
        sa.select(heard.track_id).where(
            sa.or_(heard.speech_probability > SPEECH, heard.loudness < NEARLY_SILENT)
        )
    ).scalars()
    return np.isin(track_ids, np.fromiter(without, dtype=np.int64))


def store_predictions(connection: Connection, model_id: int, predictions: Predictions) -> list[int]:
    """Writes what differs from what is stored, and gives the ids of the tracks that did."""
    known = _stored(connection, model_id)
    changed = [row for row in predictions.rows() if known.get(row["track_id"]) != _essence(row)]
    for start in range(0, len(changed), CHUNK):
        rows = changed[start : start + CHUNK]
        ids = [row["track_id"] for row in rows]
        connection.execute(
            sa.delete(prediction).where(prediction.c.model_id == model_id, prediction.c.track_id.in_(ids))
        )
        connection.execute(sa.insert(prediction), [{"model_id": model_id, **row} for row in rows])
    return [row["track_id"] for row in changed]


def drop_predictions(connection: Connection, model_id: int, keep: Integers) -> list[int]:
    """Deletes the predictions of a model for all tracks but these, and gives the ids of the tracks it did for."""
    rows = connection.execute(sa.select(prediction.c.track_id).where(prediction.c.model_id == model_id))
    gone: list[int] = np.setdiff1d(np.fromiter(rows.scalars(), dtype=np.int64), keep).tolist()
    for start in range(0, len(gone), CHUNK):
        ids = gone[start : start + CHUNK]
        connection.execute(
            sa.delete(prediction).where(prediction.c.model_id == model_id, prediction.c.track_id.in_(ids))
        )
    return gone


def _stored(connection: Connection, model_id: int) -> dict[int, tuple[Any, ...]]:
    columns = [prediction.c[name] for name in ("track_id", *ESSENCE)]
    rows = connection.execute(sa.select(*columns).where(prediction.c.model_id == model_id))
    return {row[0]: tuple(row[1:]) for row in rows}


ESSENCE = (
    "unit",
    "fold",
    "suggested_genre_id",
    "suggested_by",
    "genre_1_id",
    "probability_1",
    "genre_2_id",
    "probability_2",
)
"""What tells two predictions of one model for one track apart."""


def _essence(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in ESSENCE)
