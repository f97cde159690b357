"""Which track a person means."""

# Names are bytes here, and a Path is text.
# ruff: noqa: PTH100

from __future__ import annotations

import os
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.collection.naming.paths import display_path
from catalog.collection.path_matching import find_paths
from catalog.collection.roots import known_roots
from catalog.db.tables import artist, track
from catalog.errors import CatalogError

CANDIDATES = 8
_INT64 = 2**63


class TrackNotFoundError(CatalogError):
    """No track, or several, are meant."""


def find_track(connection: Connection, text: str) -> int:
    """The id of the track that is meant: by its id, its path, its external id, or a part of title or path.

    The first of these that fits counts; a part must fit one track only. Raises TrackNotFoundError, naming candidates.
    """
    if text.isdecimal() and text.isascii() and int(text) < _INT64:
        row = connection.execute(sa.select(track.c.id).where(track.c.id == int(text))).scalar_one_or_none()
        if row is not None:
            return int(row)
    folder = os.path.abspath(os.fsencode("."))
    paths = find_paths(connection, known_roots(connection), folder, [text])
    shown = display_path(os.fsencode(text))
    by_external = connection.execute(sa.select(track.c.id).where(track.c.external_id == shown)).scalars()
    for found in (sorted(paths.get(text, ())), sorted(by_external)):
        if found:
            return _only(connection, shown, found)
    whole = [track.c.title == shown]
    partly = [column.icontains(shown, autoescape=True) for column in (track.c.title, track.c.path)]
    for conditions in (whole, partly):
        query = sa.select(track.c.id).where(sa.or_(*conditions)).order_by(track.c.id).limit(CANDIDATES + 1)
        found = list(connection.execute(query).scalars())
        if found:
            return _only(connection, shown, found)
    raise TrackNotFoundError(f"no track is {shown!r}; give an id, a path, or a part of a title")


def describe_tracks(connection: Connection, ids: Sequence[int]) -> list[str]:
    """`34: Grid Nine - Techno Study 1` for each of a few tracks, by id; the path where there is no name."""
    query = (
        sa.select(track.c.id, artist.c.name, track.c.title, track.c.path)
        .join_from(track, artist, isouter=True)
        .where(track.c.id.in_(ids))
        .order_by(track.c.id)
    )
    return [
        f"{row.id}: {' - '.join(each for each in (row.name, row.title) if each) or row.path}"
        for row in connection.execute(query)
    ]


def _only(connection: Connection, text: str, ids: list[int]) -> int:
    if len(ids) == 1:
        return ids[0]
    listed = "; ".join(describe_tracks(connection, ids[:CANDIDATES]))
    more = ", and more" if len(ids) > CANDIDATES else ""
    raise TrackNotFoundError(f"{text!r} may be several tracks; give an id: {listed}{more}")
