"""Gives a missing track with labels or decisions the file of its copy.

A file that is copied and then deleted, or moved and retagged between two scans, leaves a missing track with decisions
and a new track without any. Both have the same content or the same audio.
"""

# File names are bytes; a Path holds text.
# ruff: noqa: PTH118, PTH119

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from catalog.batches import chunks
from catalog.collection.removal import has_human_evidence, remove_tracks
from catalog.collection.roots import is_root_present
from catalog.db.derived.track_status import refresh_track_status
from catalog.db.tables import claim, collection, failure, feature_vector, statement, track

_KEPT = ("id", "added_at", "external_id")
"""Columns of `track` that a recovered track keeps."""
_ANALYZED = ("audio_hash", "duration", "codec", "sample_rate", "channels")
"""Columns that it keeps as well if its copy was not analyzed yet."""


def recover_lost_tracks(connection: Connection) -> int:
    """Gives missing tracks with imported labels or human evidence the files of their only copies; returns their number.

    Runs in the caller's transaction. A copy is a present track without human evidence that has the same content or
    audio. If there are several, the one with the same file name is taken; otherwise nothing happens. A track whose
    disk may only not be mounted is left alone.
    """
    lost = [row for row in _lost_tracks(connection) if _is_gone(row)]
    copies = _copies(connection, lost)
    chosen = {row.id: copy for row in lost if (copy := _choose(row, copies)) is not None}
    claims = Counter(copy.id for copy in chosen.values())
    pairs = [(row, chosen[row.id]) for row in lost if row.id in chosen and claims[chosen[row.id].id] == 1]
    for row, copy in pairs:
        _take_over(connection, row, copy)
    remove_tracks(connection, [copy.id for _, copy in pairs])
    refresh_track_status(connection, [row.id for row, _ in pairs])
    return len(pairs)


def _lost_tracks(connection: Connection) -> Sequence[Row[Any]]:
    query = sa.select(track, collection.c.root_bytes, collection.c.root_inode).join_from(track, collection)
    is_labeled = sa.exists().where(statement.c.track_id == track.c.id, statement.c.source == "import")
    is_lost = sa.and_(track.c.state == "missing", sa.or_(has_human_evidence(), is_labeled))
    return connection.execute(query.where(is_lost).order_by(track.c.id)).all()


def _is_gone(row: Row[Any]) -> bool:
    if row.path_bytes is None:
        return True
    if row.root_bytes is None or not is_root_present(row.root_bytes, row.root_inode):
        return False
    return not os.path.lexists(os.path.join(row.root_bytes, row.path_bytes))


def _copies(connection: Connection, lost: Sequence[Row[Any]]) -> list[Row[Any]]:
    """Present tracks without human evidence that have the content or the audio of a lost track."""
    copies: dict[int, Row[Any]] = {}
    for column in (track.c.file_signature, track.c.audio_hash):
        values = sorted({value for row in lost if (value := getattr(row, column.name)) is not None})
        for some in chunks(values):
            is_copy = sa.and_(track.c.state == "present", column.in_(some), ~has_human_evidence())
            copies |= {row.id: row for row in connection.execute(sa.select(track).where(is_copy))}
    return list(copies.values())


def _choose(lost: Row[Any], copies: Iterable[Row[Any]]) -> Row[Any] | None:
    """The only copy of a lost track, or the only one with its file name."""
    own = [copy for copy in copies if _is_copy(lost, copy)]
    if len(own) > 1:
        name = os.path.basename(lost.path or "")
        own = [copy for copy in own if os.path.basename(copy.path or "") == name]
    return own[0] if len(own) == 1 else None


def _is_copy(lost: Row[Any], copy: Row[Any]) -> bool:
    is_same_content = lost.file_signature is not None and (lost.file_signature, lost.size) == (
        copy.file_signature,
        copy.size,
    )
    is_same_audio = lost.audio_hash is not None and lost.audio_hash == copy.audio_hash
    # An external id is unique in its collection.
    may_move = lost.external_id is None or (
        copy.external_id is None and copy.collection_id == lost.collection_id
    )
    return may_move and (is_same_content or is_same_audio)


def _take_over(connection: Connection, lost: Row[Any], copy: Row[Any]) -> None:
    """Moves the file and the statements of a copy to a lost track."""
    # The path and the external id are unique.
    freed = sa.update(track).where(track.c.id == copy.id).values(path_bytes=None, external_id=None)
    connection.execute(freed)
    kept = _KEPT if copy.audio_hash is not None else _KEPT + _ANALYZED
    values = {column.name: getattr(copy, column.name) for column in track.columns if column.name not in kept}
    values["external_id"] = lost.external_id or copy.external_id
    connection.execute(sa.update(track).where(track.c.id == lost.id).values(values))
    of_copy = statement.c.track_id == copy.id
    connection.execute(sa.update(statement).where(of_copy).values(track_id=lost.id))
    if lost.file_signature is None:
        return
    for table in (feature_vector, failure, claim):
        of_old_file = (table.c.track_id == lost.id) & (table.c.file_signature == lost.file_signature)
        connection.execute(sa.update(table).where(of_old_file).values(file_signature=copy.file_signature))
