"""Invariants of a catalog after a fault, when no track is pending."""

from __future__ import annotations

import hashlib
from collections.abc import Set as AbstractSet

import numpy as np
import sqlalchemy as sa
from chaos_music import BAD, Sound
from sqlalchemy import Connection

from catalog.db.tables import claim, decision, failure, feature_vector, label, statement, track
from catalog.features.stored_feature_set import StoredFeatureSet
from catalog.features.vectors import tracks_without_vector

NUMBER = 4
"""Bytes of a float32."""


class BrokenInvariantError(Exception):
    """A violated invariant, with a message."""


def pending(connection: Connection, recipe: StoredFeatureSet) -> int:
    """The number of tracks without a current vector or failure."""
    query = sa.select(sa.func.count()).select_from(tracks_without_vector([recipe.id]).subquery())
    return connection.execute(query).scalar_one()


def is_idle(connection: Connection, recipe: StoredFeatureSet) -> bool:
    """True if no track is pending and no claim has a worker."""
    held = sa.select(sa.func.count()).where(claim.c.worker_id.is_not(None))
    return pending(connection, recipe) == 0 and connection.execute(held).scalar_one() == 0


def evidence(connection: Connection) -> str:
    """A checksum of all statements, labels and decisions."""
    digest = hashlib.blake2b(digest_size=16)
    for table in (statement, label, decision):
        for row in connection.execute(sa.select(table).order_by(*table.primary_key.columns)):
            digest.update(repr(tuple(row)).encode())
    return digest.hexdigest()


def check(connection: Connection, recipe: StoredFeatureSet, sounds: dict[str, Sound]) -> None:
    """Compare every track with its file. Raises BrokenInvariantError."""
    paths = dict(connection.execute(sa.select(track.c.path, track.c.id)).tuples().all())
    _same("tracks", set(paths), set(sounds))
    _check_vectors(connection, recipe, {paths[name]: sound for name, sound in sounds.items()})
    _check_failures(connection, {paths[name]: sound for name, sound in sounds.items()})
    claims = connection.execute(sa.select(claim)).all()
    if any(row.worker_id is not None or row.claimed_at is not None for row in claims):
        raise BrokenInvariantError(f"claims remain: {claims}")
    absent = connection.execute(sa.select(track.c.path).where(track.c.state != "present")).scalars().all()
    if absent:
        raise BrokenInvariantError(f"tracks are not present: {absent}")


def _check_vectors(connection: Connection, recipe: StoredFeatureSet, sounds: dict[int, Sound]) -> None:
    # Read the raw blob: the column's type would hide a truncated one.
    rows = connection.execute(
        sa.select(
            feature_vector.c.track_id,
            sa.type_coerce(feature_vector.c.vector, sa.LargeBinary).label("blob"),
            (feature_vector.c.file_signature == track.c.file_signature).label("is_fresh"),
        )
        .join_from(feature_vector, track)
        .where(feature_vector.c.feature_set_id == recipe.id)
    ).all()
    if len({row.track_id for row in rows}) != len(rows):
        raise BrokenInvariantError("a track has two vectors of one feature set")
    for row in rows:
        if len(row.blob) != NUMBER * len(recipe.dimensions):
            raise BrokenInvariantError(f"the vector of track {row.track_id} has {len(row.blob)} bytes")
        vector = np.frombuffer(row.blob, "<f4")
        if not np.isfinite(vector).all():
            raise BrokenInvariantError(f"the vector of track {row.track_id} is not finite")
        if row.is_fresh and not np.allclose(vector, sounds[row.track_id].vector, atol=1e-3):
            raise BrokenInvariantError(
                f"the vector of track {row.track_id} belongs to other audio: {vector[:5]}"
            )
    _same(
        "fresh vectors",
        {row.track_id for row in rows if row.is_fresh},
        {track_id for track_id, sound in sounds.items() if sound.bad is None},
    )


def _check_failures(connection: Connection, sounds: dict[int, Sound]) -> None:
    rows = connection.execute(
        sa.select(failure.c.track_id, failure.c.reason, failure.c.message)
        .join_from(failure, track)
        # A failure of an older file remains until the new file is analyzed.
        .where(failure.c.file_signature == track.c.file_signature)
    ).all()
    _same(
        "failures",
        {(row.track_id, row.reason) for row in rows},
        {(track_id, BAD[sound.bad]) for track_id, sound in sounds.items() if sound.bad is not None},
    )
    if not all(row.message for row in rows):
        raise BrokenInvariantError("a failure has no message")


def _same(what: str, actual: AbstractSet[object], expected: AbstractSet[object]) -> None:
    surplus, missing = list(actual - expected), list(expected - actual)
    if surplus or missing:
        raise BrokenInvariantError(
            f"{what}: {len(surplus)} too many {surplus[:5]}, {len(missing)} missing {missing[:5]}"
        )
