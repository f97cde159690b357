"""Albums: the key of a title, and the rows of albums."""

from __future__ import annotations

import re
from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.collection.naming.artists import ensure_artists, fold_artist, is_placeholder_artist
from catalog.db.tables import album
from catalog.genres.fold import fold

Album = tuple[str | None, str]
"""The album artist, if known, and the title."""

_DISC = re.compile(r"[\s,:-]*[(\[]?\b(?:disc|disk|cd)\s*\d{1,2}\b[)\]]?\s*$", re.IGNORECASE)


def fold_album(title: str) -> str:
    """The folded title without a disc number at its end: `Mellon Collie (Disc 2)` is Mellon Collie."""
    return fold(_DISC.sub("", title)) or fold(title) or "".join(title.casefold().split())


def album_key(album_artist: str | None, title: str) -> str:
    """The key of an album: folded artist and title. For placeholder artists it is the title alone."""
    is_unknown = album_artist is None or is_placeholder_artist(album_artist)
    return f"{'' if is_unknown else fold_artist(album_artist or '')} / {fold_album(title)}"


def ensure_albums(connection: Connection, albums: Iterable[Album]) -> dict[Album, int]:
    """The id of each album; missing ones are inserted as in `ensure_artists`."""
    keys = {named: album_key(*named) for named in albums if named[1].strip()}
    first: dict[str, Album] = {}
    for named, key in keys.items():
        first.setdefault(key, named)
    ids = _ids(connection, first)
    missing = sorted(first.keys() - ids.keys())
    if missing:
        artist_ids = ensure_artists(connection, [name for key in missing if (name := first[key][0])])
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
                    "artist_id": artist_ids.get(first[key][0] or ""),
                }
                for key in missing
            ],
        )
        ids |= _ids(connection, missing)
    return {named: ids[key] for named, key in keys.items()}


def _ids(connection: Connection, keys: Iterable[str]) -> dict[str, int]:
    rows = connection.execute(sa.select(album.c.key, album.c.id).where(album.c.key.in_(list(keys))))
    return dict(rows.all())
