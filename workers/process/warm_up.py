"""Warm-up before the first fork: work horses inherit imported modules, compiled kernels and cached SQL statements.

`python -m workers.process.warm_up NAME...` compiles the kernels of feature sets; see `kernel_compilation`.
"""

import gc
import importlib
import sys
import tempfile
import uuid
import wave
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import numpy as np

from catalog.audio.feature_set import FeatureSet
from catalog.audio.feature_sets.analysis import Analysis, analyze
from catalog.audio.feature_sets.installed import feature_set
from catalog.db.tables import collection, track
from catalog.db.upsert import insert_row
from catalog.features.stored_feature_set import register_feature_set
from workers.process.analyze_track import AnalysisOutcome, find_requests, store_outcome
from workers.process.kernel_compilation import compilation_name, uses_numba
from workers.process.worker_context import WorkerContext
from workers.state import claims
from workers.state.worker_stats import count_track

SECONDS, SAMPLE_RATE = 4, 44_100
LEARNING_MODULES = (
    "sklearn.ensemble",
    "sklearn.linear_model",
    "sklearn.neighbors",
    "sklearn.neural_network",
    "sklearn.svm",
    "workers.process.learning_task",
)


def warm_up(features: Sequence[FeatureSet]) -> Analysis:
    """Analyzes a few seconds of noise, and exempts the objects that remain from garbage collection.

    One process compiles at a time, and the others load its machine code. A garbage collection in a child would write to
    the pages of the remaining objects, and the kernel would copy them.
    """
    with _compile_lock(features):
        analysis = _analyze_noise(features)
    _freeze()
    return analysis


def _compile_lock(features: Sequence[FeatureSet]) -> AbstractContextManager[None]:
    if not uses_numba(features):
        return nullcontext()
    from catalog.audio.kernel_cache import compile_lock  # imports numba

    return compile_lock(compilation_name(features))


def _analyze_noise(features: Sequence[FeatureSet]) -> Analysis:
    noise = np.random.default_rng(0).normal(scale=3_000, size=SECONDS * SAMPLE_RATE).astype("<i2")
    with tempfile.TemporaryDirectory(prefix="catalog") as folder:
        path = Path(folder) / "noise.wav"
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(SAMPLE_RATE)
            file.writeframes(noise.tobytes())
        return analyze(path, features)


def import_learning() -> None:
    """Imports the modules of the learning tasks. It calls nothing in them, so that no thread exists at a fork."""
    for name in LEARNING_MODULES:
        importlib.import_module(name)
    _freeze()


def warm_statement_cache(context: WorkerContext, features: Sequence[FeatureSet], analysis: Analysis) -> None:
    """Stores an analysis of an invented track and rolls the transaction back.

    SQLAlchemy caches compiled statements in the engine. A work horse would compile them again for each job.
    """
    with context.database.writer.connect() as connection, connection.begin() as transaction:
        name = f"warm-up {uuid.uuid4()}"
        path = name.encode()
        collection_id = insert_row(
            connection, collection, name=name, kind="folder", root=name, root_bytes=path
        )
        track_id = insert_row(connection, track, collection_id=collection_id, path=name, path_bytes=path)
        for feature_set in features:
            register_feature_set(connection, feature_set)
        requests = find_requests(connection, [feature_set.hash for feature_set in features])
        vectors = {request.stored.id: analysis.vectors[request.features.name] for request in requests}
        outcome = AnalysisOutcome(analysis=analysis, vectors=vectors)
        for claimed in claims.reserve(connection, context.worker_id, [track_id], list(vectors)):
            claims.begin(connection, context.worker_id, claimed.track_id)
            with connection.begin_nested():
                store_outcome(connection, context.worker_id, claimed, requests, outcome)
        count_track(connection, context.worker_id, 1.0, is_failed=False)
        claims.release(connection, context.worker_id)
        transaction.rollback()
    context.database.close()
    _freeze()


def _freeze() -> None:
    gc.collect()
    gc.freeze()


if __name__ == "__main__":
    warm_up([feature_set(name) for name in sys.argv[1:]])
