"""Albums: which titles are one, and their rows."""

from __future__ import annotations

import re
from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.collection.naming.artists import ensure_artists, fold_artist, is_placeholder_artist
from catalog.db.tables import album
from catalog.genres.fold import fold

Album = tuple[str | None, str]
"""Whose album it is, where that is known, and its title."""

_DISC = re.compile(r"[\s,:-]*[(\[]?\b(?:disc|disk|cd)\s*\d{1,2}\b[)\]]?\s*$", re.IGNORECASE)


def fold_album(title: str) -> str:
    """The folded title, without the number of a disc at its end: `Mellon Collie (Disc 2)` is Mellon Collie."""
    return fold(_DISC.sub("", title)) or fold(title) or "".join(title.casefold().split())


def album_key(whose: str | None, title: str) -> str:
    """The key of an album: the artist's and its own, folded. Albums of nobody are known by their title alone."""
    owner = "" if whose is None or is_placeholder_artist(whose) else fold_artist(whose)
    return f"{owner} / {fold_album(title)}"


def ensure_albums(connection: Connection, albums: Iterable[Album]) -> dict[Album, int]:
    """The id of each album; unknown ones are made, as `ensure_artists` does."""
    keys = {each: album_key(*each) for each in albums if each[1].strip()}
    first: dict[str, Album] = {}
    for each, key in keys.items():
        first.setdefault(key, each)
    found = _ids(connection, first)
    lacking = sorted(first.keys() - found.keys())
    if lacking:
        owners = ensure_artists(connection, [whose for key in lacking if (whose := first[key][0])])
        connection.execute(
            sa.text(
                "INSERT INTO album (key, title, folded, artist_id) VALUES (:key, :title, :folded, :artist_id)"
                " ON CONFLICT (key) DO NOTHING"
            ),
            [
                {
                    "key": key,
                    "title": first[key][1],
                    "folded": fold_album(first[key][1]),
                    "artist_id": owners.get(first[key][0] or ""),
                }
                for key in lacking
            ],
        )
        found |= _ids(connection, lacking)
    return {each: found[key] for each, key in keys.items()}


def _ids(connection: Connection, keys: Iterable[str]) -> dict[str, int]:
    rows = connection.execute(sa.select(album.c.key, album.c.id).where(album.c.key.in_(list(keys))))
    return dict(rows.all())
