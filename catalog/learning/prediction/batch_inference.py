"""Hearing: what a model says of vectors, a chunk at a time, here or by tasks that any worker can take."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Executor, wait
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from catalog.arrays import Floats, Integers
from catalog.db.database import Database
from catalog.db.tables import prediction_chunk
from catalog.db.upsert import insert_into
from catalog.errors import CatalogError
from catalog.features.stored_feature_set import StoredFeatureSet
from catalog.learning.classifiers import Matrix
from catalog.learning.dataset.feature_matrix import load_feature_matrix
from catalog.learning.dataset.hierarchy import Hierarchy
from catalog.learning.dataset.training_errors import require_finite
from catalog.learning.fitting.abstention import Selections
from catalog.learning.registry.artifact import ArtifactRejectedError, load_artifact
from catalog.learning.registry.registry import ZERO_SHOT, get_model, model_feature_sets
from catalog.learning.registry.task_context import current_context
from catalog.learning.registry.zero_shot_model import rebuild_zero_shot

ExecutorFactory = Callable[[], AbstractContextManager[Executor]]
"""What opens an executor where there is enough to do for one."""

CHUNK = 20_000
"""Vectors held in memory at once."""
CHUNK_TRACKS = 5_000
"""Tracks in a task."""
DISTRIBUTE_ABOVE = 50_000
"""Tracks: fewer are heard sooner than a worker has started."""
PATIENCE = 1.0
MOST_PASSES = 5
"""How often in a row pieces may come back unheard: a host without the model's file leaves them to others."""


class InferenceStalledError(CatalogError):
    """Workers end their tasks without having heard anything."""


class Predictor(Protocol):
    """What both a fitted model and a zero-shot one can do."""

    @property
    def hierarchy(self) -> Hierarchy:
        """The hierarchy over the classes."""

    def probability(self, X: Matrix) -> Floats:
        """(n, classes)."""

    def resemblance(self, X: Matrix) -> Floats | None:
        """(n, classes); None where only the probability decides."""

    def answers(self, probability: Floats, resemblance: Floats | None = None) -> Selections:
        """(n)."""


@dataclass(frozen=True, eq=False)
class RawPredictions:
    """What a model hears in n tracks."""

    ids: Integers
    """(n,): those of the tracks wanted that have all vectors."""
    probability: Floats
    """(n, classes)."""
    resemblance: Floats | None
    """(n, classes): how much they resemble each class; None where the model does not ask for that."""


def load_predictor(connection: Connection, models: Path, row: RowMapping) -> Predictor:
    """The model of a row, ready to answer. Raises ArtifactRejectedError."""
    if row["algorithm"] == ZERO_SHOT:
        return rebuild_zero_shot(connection, row)
    return load_artifact(models, row["artifact"], row["artifact_sha256"])


def predict_proba(
    connection: Connection, answerer: Predictor, recipes: Sequence[StoredFeatureSet], wanted: Integers
) -> RawPredictions:
    """What the model hears in the tracks, here and now. Raises WrongLengthError and NotFiniteError."""
    classes = len(answerer.hierarchy.classes)
    parts = [RawPredictions(np.empty(0, np.int64), np.empty((0, classes)), None)]
    for found, matrix in _hearable(connection, recipes, wanted):
        parts.append(RawPredictions(found, answerer.probability(matrix), answerer.resemblance(matrix)))
    return _together(parts)


def validate_vectors(connection: Connection, recipes: Sequence[StoredFeatureSet], wanted: Integers) -> None:
    """Raises WrongLengthError or NotFiniteError where a vector of the tracks is nothing that a model can hear."""
    for _ in _hearable(connection, recipes, wanted):
        pass


def _hearable(
    connection: Connection, recipes: Sequence[StoredFeatureSet], wanted: Integers
) -> Iterator[tuple[Integers, Matrix]]:
    """Ids and vectors, a chunk at a time, of the tracks that have all vectors."""
    for start in range(0, len(wanted), CHUNK):
        found, matrix = load_feature_matrix(connection, recipes, wanted[start : start + CHUNK])
        require_finite(matrix, [recipe.name for recipe in recipes], found)
        yield found, matrix


def predict_chunk(model_id: int, basis: str, chunk: int, track_ids: list[int]) -> None:
    """The task: hears some tracks and stores what was heard, for who puts the pieces together.

    `basis` tells apart the states that the database was asked in. On a host that does not have the model's file nothing
    is done.
    """
    place = current_context()
    with place.database.read() as connection:
        if (
            connection.execute(sa.select(prediction_chunk.c.chunk).where(_is(model_id, basis, chunk))).first()
            is not None
        ):
            return
        row = get_model(connection, model_id)
        try:
            answerer = load_predictor(connection, place.models, row)
        except ArtifactRejectedError:
            time.sleep(PATIENCE)
            return
        recipes = model_feature_sets(connection, model_id)
        found = predict_proba(connection, answerer, recipes, np.array(track_ids, dtype=np.int64))
    alike = found.resemblance
    with place.database.write() as connection:
        connection.execute(
            insert_into(connection, prediction_chunk)
            .values(
                model_id=model_id,
                basis=basis,
                chunk=chunk,
                track_ids=found.ids.astype("<i8").tobytes(),
                probability=found.probability.astype("<f8").tobytes(),
                resemblance=None if alike is None else alike.astype("<f8").tobytes(),
            )
            .on_conflict_do_nothing()
        )


def predict_distributed(
    database: Database, spread: ExecutorFactory, model_id: int, basis: str, wanted: Integers, classes: int
) -> RawPredictions:
    """What the model hears in the tracks, by tasks; to the bit what `hear` gives.

    Pieces that an earlier attempt on the same basis has left are used. Raises Unheard, and what a task raised.
    """
    pieces = {
        number: wanted[start : start + CHUNK_TRACKS].tolist()
        for number, start in enumerate(range(0, len(wanted), CHUNK_TRACKS))
    }
    passes = 0
    missing = _missing(database, model_id, basis, pieces)
    if missing:
        with spread() as executor:
            while missing:
                futures = {
                    executor.submit(predict_chunk, model_id, basis, number, pieces[number])
                    for number in missing
                }
                for one in wait(futures, return_when=FIRST_EXCEPTION).done:
                    one.result()
                before, missing = missing, _missing(database, model_id, basis, pieces)
                passes = passes + 1 if missing == before else 0
                if passes == MOST_PASSES:
                    raise InferenceStalledError(
                        "no worker has the file of the model; give every host the same models folder"
                    )
    with database.read() as connection:
        rows = connection.execute(
            sa.select(
                prediction_chunk.c.track_ids, prediction_chunk.c.probability, prediction_chunk.c.resemblance
            )
            .where(prediction_chunk.c.model_id == model_id, prediction_chunk.c.basis == basis)
            .order_by(prediction_chunk.c.chunk)
        )
        return _together([_read(*row, classes) for row in rows])


def delete_chunks(connection: Connection, model_id: int) -> None:
    """Drops the pieces of a model, which nobody needs once its predictions are stored."""
    connection.execute(sa.delete(prediction_chunk).where(prediction_chunk.c.model_id == model_id))


def _missing(database: Database, model_id: int, basis: str, pieces: dict[int, list[int]]) -> list[int]:
    with database.read() as connection:
        there = set(
            connection.execute(
                sa.select(prediction_chunk.c.chunk).where(
                    prediction_chunk.c.model_id == model_id, prediction_chunk.c.basis == basis
                )
            ).scalars()
        )
    return [number for number in pieces if number not in there]


def _read(track_ids: bytes, probability: bytes, resemblance: bytes | None, classes: int) -> RawPredictions:
    return RawPredictions(
        np.frombuffer(track_ids, "<i8").astype(np.int64),
        np.frombuffer(probability, "<f8").astype(np.float64).reshape(-1, classes),
        None
        if resemblance is None
        else np.frombuffer(resemblance, "<f8").astype(np.float64).reshape(-1, classes),
    )


def _together(parts: Sequence[RawPredictions]) -> RawPredictions:
    alike = [part.resemblance for part in parts if part.resemblance is not None]
    return RawPredictions(
        np.concatenate([part.ids for part in parts]),
        np.concatenate([part.probability for part in parts]),
        np.concatenate(alike) if alike else None,
    )


def _is(model_id: int, basis: str, chunk: int) -> sa.ColumnElement[bool]:
    return sa.and_(
        prediction_chunk.c.model_id == model_id,
        prediction_chunk.c.basis == basis,
        prediction_chunk.c.chunk == chunk,
    )
