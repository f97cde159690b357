"""Who works on which track: a track is claimed before it is touched, and no two workers have the same claim.

A worker reserves a batch at once; the one track at work among it has a `claimed_at`, so that a death can be told
from bad luck.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from catalog.db.server_time import moment
from catalog.db.tables import claim, collection, feature_vector, track
from catalog.db.upsert import insert_into
from catalog.features.vectors import tracks_without_vector
from workers.state import failures

MOST_DEATHS = 2


@dataclass(frozen=True)
class Claimed:
    """A track to work on."""

    track_id: int
    root: bytes
    path: bytes
    """Relative to the root, as the system gives it."""
    size: int | None
    mtime_ns: int | None
    file_signature: str | None
    recipe_ids: frozenset[int]
    """The recipes that it lacks a fresh vector of."""
    heard: frozenset[str | None]
    """The audio hashes of the files that its stale vectors were made from; empty where one of those was never made."""


def reserve(
    connection: Connection,
    worker_id: int,
    track_ids: Sequence[int],
    recipe_ids: Sequence[int],
    out_of_reach: Sequence[int] = (),
) -> list[Claimed]:
    """Claims those of the tracks that still are pending and that nobody has claimed, in the order given.

    Tracks of the collections that are out of reach are left to others.
    """
    if not recipe_ids:
        return []
    wanted = sa.and_(
        track.c.id.in_(track_ids), *([track.c.collection_id.not_in(out_of_reach)] if out_of_reach else [])
    )
    pending = sorted(connection.execute(tracks_without_vector(recipe_ids, wanted)).scalars())
    if not pending:
        return []
    taken = connection.execute(
        insert_into(connection, claim)
        .values([{"track_id": track_id, "worker_id": worker_id} for track_id in pending])
        .on_conflict_do_update(
            index_elements=[claim.c.track_id],
            set_={"worker_id": worker_id, "claimed_at": None},
            where=claim.c.worker_id.is_(None),
        )
        .returning(claim.c.track_id)
    )
    mine = set(taken.scalars())
    needed = _needed(connection, recipe_ids, mine)
    # Others finished them between the question and the claim.
    _free(connection, sa.and_(claim.c.worker_id == worker_id, claim.c.track_id.in_(mine - needed.keys())))
    columns = track.c
    rows = connection.execute(
        sa.select(
            columns.id,
            collection.c.root_bytes,
            columns.path_bytes,
            columns.size,
            columns.mtime_ns,
            columns.file_signature,
        )
        .join(collection, collection.c.id == columns.collection_id)
        .where(columns.id.in_(set(needed)))
    )
    hashes = _hashes(connection, set(needed))
    found = {}
    for row in rows:
        lacking = frozenset(needed[row.id])
        stale = [hashes.get((row.id, recipe_id)) for recipe_id in lacking]
        found[row.id] = Claimed(*row, lacking, frozenset() if None in stale else frozenset(stale))
    return [found[track_id] for track_id in dict.fromkeys(track_ids) if track_id in found]


def _needed(connection: Connection, recipe_ids: Sequence[int], track_ids: set[int]) -> dict[int, set[int]]:
    """Which of the recipes each of the tracks lacks; without those that lack none."""
    needed: dict[int, set[int]] = {}
    for recipe_id in recipe_ids:
        for track_id in connection.execute(
            tracks_without_vector([recipe_id], track.c.id.in_(track_ids))
        ).scalars():
            needed.setdefault(track_id, set()).add(recipe_id)
    return needed


def _hashes(connection: Connection, track_ids: set[int]) -> dict[tuple[int, int], str | None]:
    columns = feature_vector.c
    vectors = sa.select(columns.track_id, columns.feature_set_id, columns.provenance).where(
        columns.track_id.in_(track_ids)
    )
    return {
        (track_id, recipe_id): (provenance or {}).get("audio_hash")
        for track_id, recipe_id, provenance in connection.execute(vectors)
    }


def begin(connection: Connection, worker_id: int, track_id: int) -> None:
    """Marks a reserved track as the one at work."""
    connection.execute(
        sa.update(claim)
        .where(claim.c.track_id == track_id, claim.c.worker_id == worker_id)
        .values(claimed_at=moment(connection))
    )


def complete(connection: Connection, worker_id: int, track_id: int) -> bool:
    """Ends the claim on a track that is done. False where it is ours no more: then its result must be dropped."""
    ended = connection.execute(
        sa.delete(claim).where(claim.c.track_id == track_id, claim.c.worker_id == worker_id)
    )
    return ended.rowcount == 1


def give_back(connection: Connection, worker_id: int, death: str | None = None) -> int:
    """Frees what a worker has claimed; gives the number of tracks.

    `death` says how a worker died in the middle ("by SIGSEGV"): it counts against the track that was at work, and
    the second one makes that track a failure until its file or the recipe changes.
    """
    if death is not None:
        _count_death(connection, worker_id, death)
    return _free(connection, claim.c.worker_id == worker_id)


def _free(connection: Connection, where: ColumnElement[bool]) -> int:
    """Ends claims, keeping how many workers died on the tracks; gives how many there were."""
    freed = connection.execute(sa.delete(claim).where(where, claim.c.deaths == 0)).rowcount
    kept = connection.execute(sa.update(claim).where(where).values(worker_id=None, claimed_at=None)).rowcount
    return freed + kept


def _count_death(connection: Connection, worker_id: int, death: str) -> None:
    at_work = connection.execute(
        sa.select(
            claim.c.track_id, claim.c.deaths, claim.c.file_signature, track.c.file_signature.label("present")
        )
        .join(track, track.c.id == claim.c.track_id)
        .where(claim.c.worker_id == worker_id, claim.c.claimed_at.is_not(None))
    ).all()
    for row in at_work:
        # Deaths on a file that has changed since are not this file's.
        deaths = 1 + (row.deaths if row.file_signature == row.present else 0)
        if deaths >= MOST_DEATHS:
            poison = failures.Failure(failures.FEATURES, "poison", f"killed two workers, the last {death}")
            failures.record(connection, row.track_id, poison, row.present)
            connection.execute(sa.delete(claim).where(claim.c.track_id == row.track_id))
        else:
            connection.execute(
                sa.update(claim)
                .where(claim.c.track_id == row.track_id)
                .values(deaths=deaths, file_signature=row.present)
            )
