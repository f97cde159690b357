"""`standing`, the row that says where a track stands, kept equal to what evidence and predictions say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import sqlalchemy as sa
from sqlalchemy import Connection, TextClause

from catalog.db.sql import read_sql
from catalog.db.tables import artist, standing, track

COLUMNS = ", ".join(column.name for column in standing.columns)
CHUNK = 5_000


def refresh_standing(connection: Connection, track_ids: Iterable[int] | None = None) -> None:
    """Brings `standing` up to date, in the caller's transaction: for some tracks, or for all.

    The tag of a track is evidence on the artist's other tracks, so these are brought up to date with it.
    """
    if track_ids is None:
        connection.execute(sa.delete(standing))
        connection.execute(_insert(connection, ""))
        return
    loose, artists = _by_artist(connection, track_ids)
    for ids in _chunks(loose):
        _replace(connection, "AND t.id IN :ids", standing.c.track_id.in_(ids), ids)
    for ids in _chunks(artists):
        whole = standing.c.track_id.in_(sa.select(track.c.id).where(track.c.artist_id.in_(ids)))
        _replace(connection, "AND t.artist_id IN :ids", whole, ids)


def standing_differences(connection: Connection) -> int:
    """How many rows of `standing` are not what they would be if computed anew."""
    dialect = connection.dialect.name
    fresh = read_sql("standing.sql", dialect)
    kept = f"SELECT {COLUMNS} FROM standing"  # noqa: S608
    query = f"""
        SELECT count(DISTINCT track_id) FROM (
            SELECT * FROM (SELECT * FROM ({fresh}) AS fresh EXCEPT {kept}) AS lacking
            UNION ALL
            SELECT * FROM ({kept} EXCEPT SELECT * FROM ({fresh}) AS fresh) AS surplus
        ) AS difference
    """  # noqa: S608
    return int(connection.execute(sa.text(query)).scalar_one())


def _insert(connection: Connection, condition: str) -> TextClause:
    query = read_sql("standing.sql", connection.dialect.name).replace("/* tracks */", condition)
    return sa.text(f"INSERT INTO standing ({COLUMNS}) {query}")


def _replace(
    connection: Connection, condition: str, rows: sa.ColumnElement[bool], ids: Sequence[int]
) -> None:
    connection.execute(sa.delete(standing).where(rows))
    insert = _insert(connection, condition).bindparams(sa.bindparam("ids", expanding=True))
    connection.execute(insert, {"ids": list(ids)})


def _by_artist(connection: Connection, track_ids: Iterable[int]) -> tuple[list[int], list[int]]:
    """The tracks that stand alone, and the artists of all others."""
    loose: list[int] = []
    artists: set[int] = set()
    for ids in _chunks(sorted(set(track_ids))):
        rows = connection.execute(
            sa.select(track.c.id, track.c.artist_id, artist.c.is_nobody)
            .join_from(track, artist, isouter=True)
            .where(track.c.id.in_(ids))
        )
        for track_id, artist_id, is_nobody in rows:
            if artist_id is None or is_nobody:
                loose.append(track_id)
            else:
                artists.add(artist_id)
    return loose, sorted(artists)


def _chunks(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), CHUNK):
        yield ids[start : start + CHUNK]
