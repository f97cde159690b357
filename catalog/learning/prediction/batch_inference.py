"""Batch inference: predictions of a model for stored vectors, in this process or by tasks of worker processes."""

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
from catalog.batches import chunks
from catalog.db.database import Database
from catalog.db.tables import prediction_chunk
from catalog.db.upsert import insert_into
from catalog.errors import CatalogError
from catalog.features.stored_feature_set import StoredFeatureSet
from catalog.learning.classifiers import Matrix
from catalog.learning.dataset.feature_matrix import load_feature_matrix, require_finite
from catalog.learning.dataset.hierarchy import Hierarchy
from catalog.learning.fitting.abstention import Selections
from catalog.learning.registry.artifact import ArtifactRejectedError, load_artifact
from catalog.learning.registry.registry import ZERO_SHOT, get_model, model_feature_sets
from catalog.learning.registry.task_context import current_context
from catalog.learning.registry.zero_shot_model import rebuild_zero_shot
from catalog.threads import one_thread

ExecutorFactory = Callable[[], AbstractContextManager[Executor]]
"""Opens an executor; called only where there is enough work for one."""

CHUNK_TRACKS = 5_000
"""Tracks that are predicted together, in this process and by a task: the last digits of a product may depend on the
number of rows."""
DISTRIBUTE_ABOVE = 50_000
"""Tracks up to which prediction in this process is faster than starting a worker."""
RETRY_DELAY = 1.0
"""Seconds that a host without the model's artifact waits before it returns its task."""
MAX_STALLED_PASSES = 5
"""Passes over the missing chunks without a result after which inference fails."""


class InferenceStalledError(CatalogError):
    """Tasks end without storing predictions."""


class Predictor(Protocol):
    """The interface of fitted and zero-shot models."""

    @property
    def hierarchy(self) -> Hierarchy:
        """The hierarchy over the classes."""

    def probability(self, X: Matrix) -> Floats:
        """(n, classes)."""

    def resemblance(self, X: Matrix) -> Floats | None:
        """(n, classes); None where only the probability decides."""

    def select(self, probability: Floats, resemblance: Floats | None = None) -> Selections:
        """(n)."""


@dataclass(frozen=True, eq=False)
class RawPredictions:
    """Predictions of n tracks before priors, albums and thresholds are applied."""

    ids: Integers
    """(n,): the requested tracks that have all vectors."""
    probability: Floats
    """(n, classes)."""
    resemblance: Floats | None
    """(n, classes): resemblance to each class; None where the model does not use it."""


def load_predictor(connection: Connection, models: Path, row: RowMapping) -> Predictor:
    """Loads the model of a row. Raises ArtifactRejectedError."""
    if row["algorithm"] == ZERO_SHOT:
        return rebuild_zero_shot(connection, row)
    return load_artifact(models, row["artifact"], row["artifact_sha256"])


def predict_proba(
    connection: Connection,
    predictor: Predictor,
    feature_sets: Sequence[StoredFeatureSet],
    track_ids: Integers,
) -> RawPredictions:
    """Predicts the tracks in this process. Raises WrongLengthError and NotFiniteError."""
    classes = len(predictor.hierarchy.classes)
    parts = [RawPredictions(np.empty(0, np.int64), np.empty((0, classes)), None)]
    for ids, X in _valid_vectors(connection, feature_sets, track_ids):
        parts.append(RawPredictions(ids, predictor.probability(X), predictor.resemblance(X)))
    return _concatenate(parts)


def validate_vectors(
    connection: Connection, feature_sets: Sequence[StoredFeatureSet], track_ids: Integers
) -> None:
    """Raises WrongLengthError or NotFiniteError if a model cannot predict one of the vectors."""
    for _ in _valid_vectors(connection, feature_sets, track_ids):
        pass


def _valid_vectors(
    connection: Connection, feature_sets: Sequence[StoredFeatureSet], track_ids: Integers
) -> Iterator[tuple[Integers, Matrix]]:
    """Ids and vectors of the tracks that have all vectors, a chunk at a time."""
    for start in range(0, len(track_ids), CHUNK_TRACKS):
        ids, X = load_feature_matrix(connection, feature_sets, track_ids[start : start + CHUNK_TRACKS])
        require_finite(X, [features.name for features in feature_sets], ids)
        yield ids, X


@one_thread()
def predict_chunk(model_id: int, basis: str, chunk: int, track_ids: list[int]) -> None:
    """The task: predicts some tracks and stores the result as a chunk.

    `basis` identifies the state of the database that the predictions are computed from. Does nothing if the chunk is
    stored already, or on a host without the model's artifact.
    """
    context = current_context()
    stored = prediction_chunk.c
    with context.database.read() as connection:
        query = sa.select(stored.chunk).where(
            stored.model_id == model_id, stored.basis == basis, stored.chunk == chunk
        )
        if connection.execute(query).first() is not None:
            return
        row = get_model(connection, model_id)
        try:
            predictor = load_predictor(connection, context.models, row)
        except ArtifactRejectedError:
            time.sleep(RETRY_DELAY)
            return
        feature_sets = model_feature_sets(connection, model_id)
        raw = predict_proba(connection, predictor, feature_sets, np.array(track_ids, dtype=np.int64))
    with context.database.write() as connection:
        connection.execute(
            insert_into(connection, prediction_chunk)
            .values(
                model_id=model_id,
                basis=basis,
                chunk=chunk,
                track_ids=raw.ids.astype("<i8").tobytes(),
                probability=raw.probability.astype("<f8").tobytes(),
                resemblance=None if raw.resemblance is None else raw.resemblance.astype("<f8").tobytes(),
            )
            .on_conflict_do_nothing()
        )


def predict_distributed(
    database: Database,
    executor_factory: ExecutorFactory,
    model_id: int,
    basis: str,
    track_ids: Integers,
    classes: int,
) -> RawPredictions:
    """Predicts the tracks by tasks; the result equals that of `predict_proba` bit for bit.

    Reuses chunks that an interrupted run stored for the same basis. Raises InferenceStalledError, and the errors of
    tasks.
    """
    tasks = {number: list(ids) for number, ids in enumerate(chunks(track_ids.tolist(), CHUNK_TRACKS))}
    stalled_passes = 0
    missing = _missing(database, model_id, basis, len(tasks))
    if missing:
        with executor_factory() as executor:
            while missing:
                futures = {
                    executor.submit(predict_chunk, model_id, basis, number, tasks[number])
                    for number in missing
                }
                for future in wait(futures, return_when=FIRST_EXCEPTION).done:
                    future.result()
                before, missing = missing, _missing(database, model_id, basis, len(tasks))
                stalled_passes = stalled_passes + 1 if missing == before else 0
                if stalled_passes == MAX_STALLED_PASSES:
                    raise InferenceStalledError(
                        "no worker can read the model's artifact; mount the same models folder on every host"
                    )
    stored = prediction_chunk.c
    with database.read() as connection:
        rows = connection.execute(
            sa.select(stored.track_ids, stored.probability, stored.resemblance)
            .where(stored.model_id == model_id, stored.basis == basis)
            .order_by(stored.chunk)
        )
        return _concatenate([_decode(*row, classes) for row in rows])


def delete_chunks(connection: Connection, model_id: int) -> None:
    """Deletes the chunks of a model, which are not needed once its predictions are stored."""
    connection.execute(sa.delete(prediction_chunk).where(prediction_chunk.c.model_id == model_id))


def _missing(database: Database, model_id: int, basis: str, count: int) -> list[int]:
    stored = prediction_chunk.c
    query = sa.select(stored.chunk).where(stored.model_id == model_id, stored.basis == basis)
    with database.read() as connection:
        numbers = set(connection.execute(query).scalars())
    return [number for number in range(count) if number not in numbers]


def _decode(track_ids: bytes, probability: bytes, resemblance: bytes | None, classes: int) -> RawPredictions:
    def table(content: bytes) -> Floats:
        return np.frombuffer(content, "<f8").astype(np.float64).reshape(-1, classes)

    return RawPredictions(
        np.frombuffer(track_ids, "<i8").astype(np.int64),
        table(probability),
        None if resemblance is None else table(resemblance),
    )


def _concatenate(parts: Sequence[RawPredictions]) -> RawPredictions:
    resemblance = [part.resemblance for part in parts if part.resemblance is not None]
    return RawPredictions(
        np.concatenate([part.ids for part in parts]),
        np.concatenate([part.probability for part in parts]),
        np.concatenate(resemblance) if resemblance else None,
    )
