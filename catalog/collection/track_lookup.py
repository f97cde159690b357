"""Finds the track that an argument of a command names."""

# File names are bytes; a Path holds text.
# ruff: noqa: PTH100

from __future__ import annotations

import os
import unicodedata
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
    """The argument matches no track, or several."""


def find_track(connection: Connection, text: str) -> int:
    """The id of the track with this id, path or external id, or with this text in its title or path.

    They are tried in this order; a text must match one track only. Spaces and a carriage return at its ends do not
    count, except in a path. Raises TrackNotFoundError with the candidates.
    """
    stripped = text.strip()
    if stripped.isdecimal() and stripped.isascii() and int(stripped) < _INT64:
        row = connection.execute(
            sa.select(track.c.id).where(track.c.id == int(stripped))
        ).scalar_one_or_none()
        if row is not None:
            return int(row)
    folder = os.path.abspath(os.fsencode("."))
    paths = find_paths(connection, known_roots(connection), folder, [text])
    shown = display_path(os.fsencode(stripped))
    by_external = connection.execute(sa.select(track.c.id).where(track.c.external_id == shown)).scalars()
    for matches in (sorted(paths.get(text, ())), sorted(by_external)):
        if matches:
            return _only(connection, shown, matches)
    forms = {shown, *(unicodedata.normalize(form, shown) for form in ("NFC", "NFD"))} - {""}
    is_title = [track.c.title.in_(forms)]
    contains = [
        column.icontains(form, autoescape=True) for column in (track.c.title, track.c.path) for form in forms
    ]
    for conditions in (is_title, contains) if forms else ():
        query = sa.select(track.c.id).where(sa.or_(*conditions)).order_by(track.c.id).limit(CANDIDATES + 1)
        matches = list(connection.execute(query).scalars())
        if matches:
            return _only(connection, shown, matches)
    raise TrackNotFoundError(f"no track matches {shown!r}; give an id, a path, or a part of a title")


def describe_tracks(connection: Connection, ids: Sequence[int]) -> list[str]:
    """`34: Grid Nine - Techno Study 1` for each track, by id; the path if it has no artist and title."""
    query = (
        sa.select(track.c.id, artist.c.name, track.c.title, track.c.path)
        .join_from(track, artist, isouter=True)
        .where(track.c.id.in_(ids))
        .order_by(track.c.id)
    )
    return [
        f"{row.id}: {' - '.join(part for part in (row.name, row.title) if part) or row.path}"
        for row in connection.execute(query)
    ]


def _only(connection: Connection, text: str, ids: list[int]) -> int:
    if len(ids) == 1:
        return ids[0]
    listed = "; ".join(describe_tracks(connection, ids[:CANDIDATES]))
    more = ", and more" if len(ids) > CANDIDATES else ""
    raise TrackNotFoundError(f"{text!r} matches several tracks; give an id: {listed}{more}")
