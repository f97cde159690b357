"""`track_status`, the row that says where a track stands, kept equal to what evidence and predictions say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import sqlalchemy as sa
from sqlalchemy import Connection, TextClause

from catalog.db.sql import read_sql
from catalog.db.tables import artist, track, track_status

COLUMNS = ", ".join(column.name for column in track_status.columns)
CHUNK = 5_000


def refresh_track_status(connection: Connection, track_ids: Iterable[int] | None = None) -> None:
    """Brings `track_status` up to date, in the caller's transaction: for some tracks, or for all.

    The tag of a track is evidence on the artist's other tracks, so these are brought up to date with it. Of several
    writers each waits for those before it who write of the same artists: else it would miss what they said, or write
    the same row.
    """
    if track_ids is None:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("LOCK TABLE track_status IN SHARE ROW EXCLUSIVE MODE")
        connection.execute(sa.delete(track_status))
        connection.execute(_insert(connection, ""))
        return
    ids = sorted(set(track_ids))
    lock_tracks(connection, ids)
    loose, artists = _by_artist(connection, ids)
    for part in _chunks(loose):
        _replace(connection, "AND t.id IN :ids", track_status.c.track_id.in_(part), part)
    for part in _chunks(artists):
        whole = track_status.c.track_id.in_(sa.select(track.c.id).where(track.c.artist_id.in_(part)))
        _replace(connection, "AND t.artist_id IN :ids", whole, part)


def lock_tracks(connection: Connection, track_ids: Iterable[int]) -> None:
    """Lets nobody else change where these tracks stand until this transaction ends; what is read now is the newest.

    On SQLite a writing transaction is alone anyway.
    """
    if connection.dialect.name == "postgresql":
        ids = sorted(set(track_ids))
        _lock_artists(connection, ids)
        _lock(connection, track, ids)


def track_status_differences(connection: Connection) -> int:
    """How many rows of `track_status` are not what they would be if computed anew."""
    dialect = connection.dialect.name
    fresh = read_sql("derived/track_status.sql", dialect)
    kept = f"SELECT {COLUMNS} FROM track_status"  # noqa: S608
    query = f"""
        SELECT count(DISTINCT track_id) FROM (
            SELECT * FROM (SELECT * FROM ({fresh}) AS fresh EXCEPT {kept}) AS lacking
            UNION ALL
            SELECT * FROM ({kept} EXCEPT SELECT * FROM ({fresh}) AS fresh) AS surplus
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
    for ids in _chunks(track_ids):
        query = sa.select(track.c.artist_id).where(track.c.id.in_(ids), track.c.artist_id.is_not(None))
        artists |= set(connection.execute(query.distinct()).scalars())
    _lock(connection, artist, sorted(artists))


def _lock(connection: Connection, table: sa.Table, ids: Sequence[int]) -> None:
    """Locks rows in the order of their keys, so that nobody waits in a circle."""
    for part in _chunks(ids):
        query = sa.select(table.c.id).where(table.c.id.in_(part)).order_by(table.c.id)
        connection.execute(query.with_for_update(key_share=True))


def _by_artist(connection: Connection, track_ids: Sequence[int]) -> tuple[list[int], list[int]]:
    """The tracks that stand alone, and the artists of all others."""
    loose: list[int] = []
    artists: set[int] = set()
    for ids in _chunks(track_ids):
        rows = connection.execute(
            sa.select(track.c.id, track.c.artist_id, artist.c.is_placeholder)
            .join_from(track, artist, isouter=True)
            .where(track.c.id.in_(ids))
        )
        for track_id, artist_id, is_placeholder in rows:
            if artist_id is None or is_placeholder:
                loose.append(track_id)
            else:
                artists.add(artist_id)
    return loose, sorted(artists)


def _chunks(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), CHUNK):
        yield ids[start : start + CHUNK]


def one_track_of(connection: Connection, artist_ids: Iterable[int]) -> list[int]:
    """One track of each artist that has any: enough for `track_status`, which is computed by whole artists."""
    query = sa.select(sa.func.min(track.c.id)).where(track.c.artist_id.in_(list(artist_ids)))
    return list(connection.execute(query.group_by(track.c.artist_id)).scalars())
