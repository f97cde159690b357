"""Rows of the table `prediction`: most probable genres and suggested genre of each track."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.arrays import Booleans, Floats, Integers
from catalog.batches import chunks
from catalog.db.tables import prediction, track_descriptor
from catalog.db.tables.learning import CHOICES
from catalog.db.track_query import select_ids
from catalog.learning.dataset.hierarchy import Hierarchy
from catalog.learning.fitting.abstention import NOTHING, Selections

CHUNK = 2_000
SPEECH = 0.5
"""Probability of speech above which no genre is suggested from audio."""
NEARLY_SILENT = -60.0
"""Loudness in dBFS RMS below which no genre is suggested from audio: the networks would classify noise."""

COMPARED = (
    "unit",
    "fold",
    "suggested_genre_id",
    "suggested_by",
    "genre_1_id",
    "probability_1",
    "genre_2_id",
    "probability_2",
)
"""Columns by which a stored prediction is compared with a new one."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The genre suggested for a track, after abstention and the vote of the artist's other tracks."""

    genre_id: int
    probability: float | None
    """None where the suggestion does not come from audio."""
    by: str
    """`audio`, `album`, `artist` or `zero_shot`."""


@dataclass(frozen=True, eq=False)
class Predictions:
    """The predictions of a model for n tracks."""

    track_ids: Integers
    classes: Sequence[int]
    """Genre ids of the probability columns."""
    probability: Floats
    """(n, classes): calibrated."""
    suggestions: Sequence[Suggestion | None]
    """(n): None without a suggestion."""
    fold: Integers | None = None
    """(n,): only for tracks of the training set; their probabilities of all classes are stored."""
    by_album: Booleans | None = None
    """(n,): whether the probability is the mean of an album; None: nowhere."""

    def rows(self) -> Iterator[dict[str, Any]]:
        """A row of the table for each track, without the model id."""
        most_probable = np.argsort(-self.probability, axis=1, kind="stable")[:, :CHOICES]
        for at, track_id in enumerate(self.track_ids.tolist()):
            suggestion = self.suggestions[at]
            row: dict[str, Any] = {
                "track_id": track_id,
                "unit": "album" if self.by_album is not None and self.by_album[at] else "track",
                "fold": None if self.fold is None else int(self.fold[at]),
                "probabilities": None if self.fold is None else self.probability[at].astype(np.float32),
                "suggested_genre_id": None if suggestion is None else suggestion.genre_id,
                "suggested_probability": None if suggestion is None else suggestion.probability,
                "suggested_by": None if suggestion is None else suggestion.by,
            }
            for rank in range(CHOICES):
                column = int(most_probable[at, rank]) if rank < most_probable.shape[1] else None
                row[f"genre_{rank + 1}_id"] = None if column is None else self.classes[column]
                row[f"probability_{rank + 1}"] = (
                    None if column is None else round(float(self.probability[at, column]), 6)
                )
            yield row


def predictions_from_audio(
    selections: Selections,
    hierarchy: Hierarchy,
    by: str = "audio",
    *,
    suggestable: Collection[int] | None = None,
) -> list[Suggestion | None]:
    """(n,): the suggestions for the selected genres (n,) of a model.

    If `suggestable` is given, only those genres are suggested.
    """
    nodes = hierarchy.nodes
    is_suggestable = [suggestable is None or genre_id in suggestable for genre_id in nodes]
    return [
        Suggestion(nodes[node], round(float(probability), 6), by)
        if node != NOTHING and is_suggestable[node]
        else None
        for node, probability in zip(selections.node, selections.probability, strict=True)
    ]


def no_music_among(connection: Connection, track_ids: Integers) -> Booleans:
    """(n,): whether each track is speech or nearly silent, so that audio cannot show a genre."""
    descriptors = track_descriptor.c
    has_no_music = sa.or_(descriptors.speech_probability > SPEECH, descriptors.loudness < NEARLY_SILENT)
    return np.isin(track_ids, select_ids(connection, sa.select(descriptors.track_id).where(has_no_music)))


def store_predictions(connection: Connection, model_id: int, predictions: Predictions) -> list[int]:
    """Stores new and changed predictions. Returns the ids of their tracks."""
    stored = _load_compared(connection, model_id)
    changed = [
        row
        for row in predictions.rows()
        if stored.get(row["track_id"]) != tuple(row[name] for name in COMPARED)
    ]
    for rows in chunks(changed, CHUNK):
        ids = [row["track_id"] for row in rows]
        connection.execute(
            sa.delete(prediction).where(prediction.c.model_id == model_id, prediction.c.track_id.in_(ids))
        )
        connection.execute(sa.insert(prediction), [{"model_id": model_id, **row} for row in rows])
    return [row["track_id"] for row in changed]


def drop_predictions(connection: Connection, model_id: int, keep: Integers) -> list[int]:
    """Deletes the predictions of a model except for the tracks `keep`. Returns the ids of the others."""
    query = sa.select(prediction.c.track_id).where(prediction.c.model_id == model_id)
    dropped: list[int] = np.setdiff1d(select_ids(connection, query), keep).tolist()
    for ids in chunks(dropped, CHUNK):
        connection.execute(
            sa.delete(prediction).where(prediction.c.model_id == model_id, prediction.c.track_id.in_(ids))
        )
    return dropped


def _load_compared(connection: Connection, model_id: int) -> dict[int, tuple[Any, ...]]:
    columns = [prediction.c[name] for name in ("track_id", *COMPARED)]
    rows = connection.execute(sa.select(*columns).where(prediction.c.model_id == model_id))
    return {row[0]: tuple(row[1:]) for row in rows}
