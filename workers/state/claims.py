"""Claims: which worker has which track. A track is claimed before it is analyzed, by one worker at a time.

A worker reserves a batch of tracks. Only the track at work has a `claimed_at`: if the worker dies, it is the suspect.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from catalog.db.server_time import moment
from catalog.db.tables import claim, collection, feature_vector, track
from catalog.db.upsert import insert_into
from catalog.features.vectors import tracks_without_vector
from workers.state import failures
from workers.state.worker_stats import count_death

MAX_DEATHS = 2


@dataclass(frozen=True)
class ClaimedTrack:
    """A track that the worker has claimed."""

    track_id: int
    root: bytes
    path: bytes
    """Relative to the root, in the bytes of the file system."""
    size: int | None
    mtime_ns: int | None
    file_signature: str | None
    feature_set_ids: frozenset[int]
    """The feature sets of which it lacks a current vector."""
    audio_hashes: frozenset[str | None]
    """The audio hashes of the files of its outdated vectors; empty if one of the vectors does not exist."""


def reserve(
    connection: Connection,
    worker_id: int,
    track_ids: Sequence[int],
    feature_set_ids: Sequence[int],
    unmounted: Sequence[int] = (),
) -> list[ClaimedTrack]:
    """Claims those of the tracks that are still pending and unclaimed, in the given order.

    Tracks of the collections in `unmounted` are left to others.
    """
    if not feature_set_ids:
        return []
    where: ColumnElement[bool] = track.c.id.in_(track_ids)
    if unmounted:
        where = sa.and_(where, track.c.collection_id.not_in(unmounted))
    pending = sorted(connection.execute(tracks_without_vector(feature_set_ids, where)).scalars())
    if not pending:
        return []
    claimed = connection.execute(
        insert_into(connection, claim)
        .values([{"track_id": track_id, "worker_id": worker_id} for track_id in pending])
        .on_conflict_do_update(
            index_elements=[claim.c.track_id],
            set_={"worker_id": worker_id, "claimed_at": None},
            where=claim.c.worker_id.is_(None),
        )
        .returning(claim.c.track_id)
    )
    claimed_ids = set(claimed.scalars())
    lacking = _lacking_feature_sets(connection, feature_set_ids, claimed_ids)
    # Other workers finished the rest between the query and the claim.
    finished = claimed_ids - lacking.keys()
    _free(connection, sa.and_(claim.c.worker_id == worker_id, claim.c.track_id.in_(finished)))
    rows = connection.execute(
        sa.select(
            track.c.id,
            collection.c.root_bytes,
            track.c.path_bytes,
            track.c.size,
            track.c.mtime_ns,
            track.c.file_signature,
        )
        .join(collection, collection.c.id == track.c.collection_id)
        .where(track.c.id.in_(set(lacking)))
    )
    hashes = _audio_hashes(connection, set(lacking))
    tracks = {}
    for row in rows:
        ids = frozenset(lacking[row.id])
        outdated = frozenset(hashes.get((row.id, feature_set_id)) for feature_set_id in ids)
        tracks[row.id] = ClaimedTrack(*row, ids, frozenset() if None in outdated else outdated)
    return [tracks[track_id] for track_id in dict.fromkeys(track_ids) if track_id in tracks]


def _lacking_feature_sets(
    connection: Connection, feature_set_ids: Sequence[int], track_ids: set[int]
) -> dict[int, set[int]]:
    """The feature sets that each track lacks, without tracks that lack none."""
    lacking: dict[int, set[int]] = {}
    for feature_set_id in feature_set_ids:
        query = tracks_without_vector([feature_set_id], track.c.id.in_(track_ids))
        for track_id in connection.execute(query).scalars():
            lacking.setdefault(track_id, set()).add(feature_set_id)
    return lacking


def _audio_hashes(connection: Connection, track_ids: set[int]) -> dict[tuple[int, int], str | None]:
    columns = feature_vector.c
    vectors = sa.select(columns.track_id, columns.feature_set_id, columns.provenance).where(
        columns.track_id.in_(track_ids)
    )
    return {
        (track_id, feature_set_id): (provenance or {}).get("audio_hash")
        for track_id, feature_set_id, provenance in connection.execute(vectors)
    }


def begin(connection: Connection, worker_id: int, track_id: int) -> None:
    """Marks a reserved track as the one at work."""
    connection.execute(
        sa.update(claim)
        .where(claim.c.track_id == track_id, claim.c.worker_id == worker_id)
        .values(claimed_at=moment(connection))
    )


def complete(connection: Connection, worker_id: int, track_id: int) -> bool:
    """Ends the claim on a track that is done. False if the worker has lost the claim: the result must be dropped."""
    deleted = connection.execute(
        sa.delete(claim).where(claim.c.track_id == track_id, claim.c.worker_id == worker_id)
    )
    return deleted.rowcount == 1


def release(connection: Connection, worker_id: int, death: str | None = None) -> int:
    """Releases all claims of a worker. Returns their number.

    `death` describes how the worker died ("by SIGSEGV"). It counts against the track at work. After the second death
    the track has failed until its file or the feature set changes.
    """
    if death is not None:
        _count_death(connection, worker_id, death)
    return _free(connection, claim.c.worker_id == worker_id)


def _free(connection: Connection, where: ColumnElement[bool]) -> int:
    """Ends claims, but keeps rows with a count of deaths. Returns the number of claims."""
    deleted = connection.execute(sa.delete(claim).where(where, claim.c.deaths == 0)).rowcount
    kept = connection.execute(sa.update(claim).where(where).values(worker_id=None, claimed_at=None)).rowcount
    return deleted + kept


def _count_death(connection: Connection, worker_id: int, death: str) -> None:
    at_work = connection.execute(
        sa.select(
            claim.c.track_id, claim.c.deaths, claim.c.file_signature, track.c.file_signature.label("present")
        )
        .join(track, track.c.id == claim.c.track_id)
        .where(claim.c.worker_id == worker_id, claim.c.claimed_at.is_not(None))
    ).all()
    for row in at_work:
        # Deaths on an earlier version of the file do not count.
        deaths = 1 + (row.deaths if row.file_signature == row.present else 0)
        if deaths >= MAX_DEATHS:
            poison = failures.Failure(failures.FEATURES, "poison", f"killed two workers, the last {death}")
            failures.record(connection, row.track_id, poison, row.present)
            count_death(connection, worker_id)
            connection.execute(sa.delete(claim).where(claim.c.track_id == row.track_id))
        else:
            connection.execute(
                sa.update(claim)
                .where(claim.c.track_id == row.track_id)
                .values(deaths=deaths, file_signature=row.present)
            )
