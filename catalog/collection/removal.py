"""The removal of tracks with all that is known of them: row by row, nothing cascades in silence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.derived.confusion import refresh_confusion
from catalog.db.derived.track_status import one_track_of, refresh_track_status
from catalog.db.tables import (
    album,
    artist,
    claim,
    decision,
    failure,
    feature_vector,
    fma_track,
    label,
    model,
    prediction,
    review_case,
    snapshot_member,
    statement,
    suspect,
    tag_write,
    track,
    track_descriptor,
    track_network_tag,
    track_status,
)

CHUNK = 2_000


@dataclass
class Removed:
    """Rows that were, or would be, removed."""

    tracks: int = 0
    statements: int = 0
    human_statements: int = 0
    """Of the statements, those that a person made."""
    decisions: int = 0
    tag_writes: int = 0
    """Entries of the journal of tags written to files: without them a writing cannot be undone."""

    @property
    def human_evidence(self) -> int:
        """Rows that only a person could make again."""
        return self.human_statements + self.decisions + self.tag_writes


def remove_tracks(connection: Connection, track_ids: Iterable[int]) -> Removed:
    """Removes tracks, what was said, decided and computed of them, and artists and albums that nothing else names.

    In the caller's transaction; `track_status` and `confusion_count` of what remains are brought up to date. Models stay,
    but a training set loses its members that are removed.
    """
    removed = Removed()
    ids = sorted(set(track_ids))
    artists: set[int] = set()
    models: set[int] = set()
    for start in range(0, len(ids), CHUNK):
        chunk = ids[start : start + CHUNK]
        known = sa.select(track.c.artist_id).distinct().where(track.c.id.in_(chunk))
        artists |= {key for key in connection.execute(known).scalars() if key is not None}
        heard = sa.select(prediction.c.model_id).distinct().where(prediction.c.track_id.in_(chunk))
        models |= set(connection.execute(heard).scalars())
        taught = sa.select(snapshot_member.c.snapshot_id).where(snapshot_member.c.track_id.in_(chunk))
        models |= set(
            connection.execute(sa.select(model.c.id).where(model.c.snapshot_id.in_(taught))).scalars()
        )
        _remove_chunk(connection, chunk, removed)
    for model_id in sorted(models):
        refresh_confusion(connection, model_id)
    refresh_track_status(connection, one_track_of(connection, artists))
    _remove_orphans(connection)
    return removed


def _remove_chunk(connection: Connection, ids: list[int], removed: Removed) -> None:
    said = sa.select(statement.c.id).where(statement.c.track_id.in_(ids))
    human = sa.select(sa.func.count()).select_from(statement)
    human = human.where(statement.c.track_id.in_(ids), statement.c.source == "person")
    removed.human_statements += connection.execute(human).scalar_one()
    for table in (track_status, suspect, prediction, snapshot_member, claim, failure):
        connection.execute(sa.delete(table).where(table.c.track_id.in_(ids)))
    for table in (feature_vector, fma_track, track_descriptor, track_network_tag):
        connection.execute(sa.delete(table).where(table.c.track_id.in_(ids)))
    removed.tag_writes += _rows(connection, sa.delete(tag_write).where(tag_write.c.track_id.in_(ids)))
    removed.decisions += _rows(connection, sa.delete(decision).where(decision.c.track_id.in_(ids)))
    connection.execute(sa.delete(label).where(label.c.statement_id.in_(said)))
    removed.statements += _rows(connection, sa.delete(statement).where(statement.c.track_id.in_(ids)))
    removed.tracks += _rows(connection, sa.delete(track).where(track.c.id.in_(ids)))


def _remove_orphans(connection: Connection) -> None:
    """Albums without a track, then artists without a track or album, unless a case of doubt names them."""
    used = sa.exists().where(track.c.album_id == album.c.id) | sa.exists().where(
        review_case.c.album_id == album.c.id
    )
    connection.execute(sa.delete(album).where(~used))
    used = (
        sa.exists().where(track.c.artist_id == artist.c.id)
        | sa.exists().where(album.c.artist_id == artist.c.id)
        | sa.exists().where(review_case.c.artist_id == artist.c.id)
    )
    connection.execute(sa.delete(artist).where(~used))


def _rows(connection: Connection, delete: sa.Delete) -> int:
    return int(connection.execute(delete).rowcount)
