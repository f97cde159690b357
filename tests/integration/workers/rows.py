"""Rows that tests of the worker state insert directly: feature sets, tracks without files, workers, claims."""

from __future__ import annotations

import numpy as np
import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.audio.feature_set import FeatureSet
from catalog.db.database import Database
from catalog.db.tables import collection, track
from catalog.features.stored_feature_set import StoredFeatureSet, register_feature_set
from workers.state import claims, liveness


def feature_set_of(connection: Connection, version: int = 1) -> StoredFeatureSet:
    return register_feature_set(
        connection, FeatureSet("tiny", version, {}, ("a",), 8_000, lambda _: np.zeros(1, np.float32))
    )


def add_tracks(connection: Connection, count: int) -> list[int]:
    home = connection.execute(
        sa.insert(collection)
        .values(name="music", kind="folder", root="/music", root_bytes=b"/music")
        .returning(collection.c.id)
    ).scalar_one()
    rows = [
        {"collection_id": home, "path": str(n), "path_bytes": b"%d" % n, "file_signature": f"print-{n}"}
        for n in range(count)
    ]
    return [
        connection.execute(sa.insert(track).values(row).returning(track.c.id)).scalar_one() for row in rows
    ]


def register_worker(connection: Connection, name: str, pid: int = 1) -> int:
    return liveness.register(connection, name, pid)


def claimed_ids(
    connection: Connection, worker_id: int, ids: list[int], stored: StoredFeatureSet
) -> list[int]:
    return [one.track_id for one in claims.reserve(connection, worker_id, ids, [stored.id])]


def add_tracks_without_files(database: Database, count: int) -> tuple[StoredFeatureSet, list[int]]:
    """Tracks without files, for what never looks at them."""
    features = FeatureSet("none", 1, {}, ("a",), 8_000, lambda _: np.zeros(1, np.float32))
    with database.write() as connection:
        home = connection.execute(
            sa.insert(collection)
            .values(name="names", kind="folder", root="/", root_bytes=b"/")
            .returning(collection.c.id)
        ).scalar_one()
        connection.execute(
            sa.insert(track),
            [
                {"collection_id": home, "path": str(n), "path_bytes": b"%d" % n, "file_signature": "f"}
                for n in range(count)
            ],
        )
        ids = connection.execute(sa.select(track.c.id).order_by(track.c.id)).scalars().all()
        return register_feature_set(connection, features), list(ids)
