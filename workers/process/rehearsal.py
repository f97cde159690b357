"""A rehearsal of the job before anything is forked: its statements are compiled once, and every work horse has them."""

from __future__ import annotations

import gc
import uuid
from collections.abc import Sequence

import sqlalchemy as sa

from catalog.audio.feature_set import FeatureSet
from catalog.audio.feature_sets.analysis import Analysis
from catalog.db.tables import collection, track
from catalog.features.stored_feature_set import register_feature_set
from workers.process.analyze_track import AnalysisOutcome, AnalysisRequest, store_outcome
from workers.process.jobs import WorkerContext, reserve
from workers.state import claims
from workers.state.worker_stats import WorkerStats


def warm_statement_cache(desk: WorkerContext, features: Sequence[FeatureSet], analysis: Analysis) -> None:
    """Stores an analysis for a track that is made up, and takes all of it back: nobody ever sees any of it.

    SQLAlchemy keeps what it has compiled, in the engine; a horse would keep it for its own short life.
    """
    hashes = [one.hash for one in features]
    with desk.database.writer.connect() as connection, connection.begin() as transaction:
        name = f"rehearsal {uuid.uuid4()}"
        row = {"name": name, "kind": "folder", "root": name, "root_bytes": name.encode()}
        made = sa.insert(collection).values(row).returning(collection.c.id)
        file = {
            "collection_id": connection.execute(made).scalar_one(),
            "path": name,
            "path_bytes": name.encode(),
        }
        track_id = connection.execute(sa.insert(track).values(file).returning(track.c.id)).scalar_one()
        for one in features:
            register_feature_set(connection, one)
        wanted, reserved = reserve(connection, desk, [track_id], hashes)
        for claimed in reserved:
            claims.begin(connection, desk.worker_id, claimed.track_id)
            with connection.begin_nested():
                store_outcome(connection, desk.worker_id, claimed, wanted, _outcome(wanted, analysis))
        tally = WorkerStats()
        tally.add(1.0, is_failed=False)
        tally.store(connection, desk.worker_id)
        claims.give_back(connection, desk.worker_id)
        transaction.rollback()
    desk.database.close()
    gc.collect()
    gc.freeze()


def _outcome(wanted: Sequence[AnalysisRequest], analysis: Analysis) -> AnalysisOutcome:
    return AnalysisOutcome(
        analysis=analysis, vectors={one.recipe.id: analysis.vectors[one.features.name] for one in wanted}
    )
