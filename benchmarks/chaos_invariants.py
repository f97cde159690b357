"""What must be true of a catalog when it is quiet again, whatever was broken."""

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
    """An invariant that does not hold, in words."""


def pending(connection: Connection, recipe: StoredFeatureSet) -> int:
    """How many tracks are still to be heard."""
    query = sa.select(sa.func.count()).select_from(tracks_without_vector([recipe.id]).subquery())
    return connection.execute(query).scalar_one()


def is_quiet(connection: Connection, recipe: StoredFeatureSet) -> bool:
    """Whether nothing is pending and nobody is at work."""
    held = sa.select(sa.func.count()).where(claim.c.worker_id.is_not(None))
    return pending(connection, recipe) == 0 and connection.execute(held).scalar_one() == 0


def evidence(connection: Connection) -> str:
    """A checksum of what sources and people said."""
    digest = hashlib.blake2b(digest_size=16)
    for table in (statement, label, decision):
        for row in connection.execute(sa.select(table).order_by(*table.primary_key.columns)):
            digest.update(repr(tuple(row)).encode())
    return digest.hexdigest()


def check(connection: Connection, recipe: StoredFeatureSet, sounds: dict[str, Sound]) -> None:
    """Holds every track against its file. Raises BrokenInvariantError."""
    paths = dict(connection.execute(sa.select(track.c.path, track.c.id)).tuples().all())
    _same("tracks", set(paths), set(sounds))
    _check_vectors(connection, recipe, {paths[name]: sound for name, sound in sounds.items()})
    _check_failures(connection, {paths[name]: sound for name, sound in sounds.items()})
    left = connection.execute(sa.select(claim)).all()
    if any(row.worker_id is not None or row.claimed_at is not None for row in left):
        raise BrokenInvariantError(f"claims are left: {left}")
    absent = connection.execute(sa.select(track.c.path).where(track.c.state != "present")).scalars().all()
    if absent:
        raise BrokenInvariantError(f"tracks are no more present: {absent}")


def _check_vectors(connection: Connection, recipe: StoredFeatureSet, sounds: dict[int, Sound]) -> None:
    # Not by the column's type, which would hide what half a blob is.
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
        raise BrokenInvariantError("a track has two vectors of one recipe")
    for row in rows:
        if len(row.blob) != NUMBER * len(recipe.dimensions):
            raise BrokenInvariantError(f"the vector of track {row.track_id} has {len(row.blob)} bytes")
        vector = np.frombuffer(row.blob, "<f4")
        if not np.isfinite(vector).all():
            raise BrokenInvariantError(f"the vector of track {row.track_id} is not finite")
        if row.is_fresh and not np.allclose(vector, sounds[row.track_id].vector, atol=1e-3):
            raise BrokenInvariantError(
                f"the vector of track {row.track_id} is of another sound: {vector[:5]}"
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
        # What was wrong with an older file stands there until the new one was heard.
        .where(failure.c.file_signature == track.c.file_signature)
    ).all()
    _same(
        "failures",
        {(row.track_id, row.reason) for row in rows},
        {(track_id, BAD[sound.bad]) for track_id, sound in sounds.items() if sound.bad is not None},
    )
    if not all(row.message for row in rows):
        raise BrokenInvariantError("a failure says nothing")


def _same(what: str, found: AbstractSet[object], wanted: AbstractSet[object]) -> None:
    surplus, lacking = list(found - wanted), list(wanted - found)
    if surplus or lacking:
        raise BrokenInvariantError(
            f"{what}: {len(surplus)} too many {surplus[:5]}, {len(lacking)} lost {lacking[:5]}"
        )
