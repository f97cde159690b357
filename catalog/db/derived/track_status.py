"""`track_status`: one row per track with its current genre and prediction, computed from `track_status.sql`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sqlalchemy as sa
from sqlalchemy import Connection, TextClause

from catalog.batches import chunks
from catalog.db.sql_files import read_sql
from catalog.db.tables import artist, track, track_status

COLUMNS = ", ".join(column.name for column in track_status.columns)
CHUNK = 5_000


def refresh_track_status(connection: Connection, track_ids: Iterable[int] | None = None) -> None:
    """Recomputes `track_status` of some tracks, or of all, in the caller's transaction.

    The tag of a track is evidence for the artist's other tracks, so these are recomputed too. Concurrent writers of the
    same artists wait for each other: otherwise they would miss statements or write the same row.
    """
    if track_ids is None:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("LOCK TABLE track_status IN SHARE ROW EXCLUSIVE MODE")
        connection.execute(sa.delete(track_status))
        connection.execute(_insert(connection, ""))
        return
    ids = sorted(set(track_ids))
    lock_tracks(connection, ids)
    without_artist, artists = _by_artist(connection, ids)
    for part in chunks(without_artist, CHUNK):
        _replace(connection, "AND t.id IN :ids", track_status.c.track_id.in_(part), part)
    for part in chunks(artists, CHUNK):
        whole = track_status.c.track_id.in_(sa.select(track.c.id).where(track.c.artist_id.in_(part)))
        _replace(connection, "AND t.artist_id IN :ids", whole, part)


def lock_tracks(connection: Connection, track_ids: Iterable[int]) -> None:
    """Locks the status of these tracks until this transaction ends; reads after the lock are current.

    SQLite has one writer anyway.
    """
    if connection.dialect.name == "postgresql":
        ids = sorted(set(track_ids))
        _lock_artists(connection, ids)
        _lock(connection, track, ids)


def track_status_differences(connection: Connection) -> int:
    """The number of rows of `track_status` that differ from recomputed ones."""
    dialect = connection.dialect.name
    fresh = read_sql("derived/track_status.sql", dialect)
    stored = f"SELECT {COLUMNS} FROM track_status"  # noqa: S608
    query = f"""
        SELECT count(DISTINCT track_id) FROM (
            SELECT * FROM (SELECT * FROM ({fresh}) AS fresh EXCEPT {stored}) AS missing
            UNION ALL
            SELECT * FROM ({stored} EXCEPT SELECT * FROM ({fresh}) AS fresh) AS surplus
        ) AS difference
    """  # noqa: S608
    return int(connection.execute(sa.text(query)).scalar_one())


def _insert(connection: Connection, condition: str) -> TextClause:
    query = read_sql("derived/track_status.sql", connection.dialect.name).replace("/* tracks */", condition)
    return sa.text(f"INSERT INTO track_status ({COLUMNS}) {query}")


def _replace(
    connection: Connection, condition: str, rows: sa.ColumnElement[bool], ids: Sequence[int]
) -> None:
    connection.execute(sa.delete(track_status).where(rows))
    insert = _insert(connection, condition).bindparams(sa.bindparam("ids", expanding=True))
    connection.execute(insert, {"ids": list(ids)})


def _lock_artists(connection: Connection, track_ids: Sequence[int]) -> None:
    artists: set[int] = set()
    for ids in chunks(track_ids, CHUNK):
        query = sa.select(track.c.artist_id).where(track.c.id.in_(ids), track.c.artist_id.is_not(None))
        artists |= set(connection.execute(query.distinct()).scalars())
    _lock(connection, artist, sorted(artists))


def _lock(connection: Connection, table: sa.Table, ids: Sequence[int]) -> None:
    """Locks rows in the order of their ids, to prevent deadlocks."""
    for part in chunks(ids, CHUNK):
        query = sa.select(table.c.id).where(table.c.id.in_(part)).order_by(table.c.id)
        connection.execute(query.with_for_update(key_share=True))


def _by_artist(connection: Connection, track_ids: Sequence[int]) -> tuple[list[int], list[int]]:
    """The tracks without an artist, and the artists of the other tracks."""
    without_artist: list[int] = []
    artists: set[int] = set()
    for ids in chunks(track_ids, CHUNK):
        rows = connection.execute(
            sa.select(track.c.id, track.c.artist_id, artist.c.is_placeholder)
            .join_from(track, artist, isouter=True)
            .where(track.c.id.in_(ids))
        )
        for track_id, artist_id, is_placeholder in rows:
            if artist_id is None or is_placeholder:
                without_artist.append(track_id)
            else:
                artists.add(artist_id)
    return without_artist, sorted(artists)


def one_track_of(connection: Connection, artist_ids: Iterable[int]) -> list[int]:
    """One track of each artist with tracks: enough for `refresh_track_status`, which recomputes whole artists."""
    query = sa.select(sa.func.min(track.c.id)).where(track.c.artist_id.in_(list(artist_ids)))
    return list(connection.execute(query.group_by(track.c.artist_id)).scalars())
