"""Random sample of albums, for a first look at a large collection."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa
from sqlalchemy import ColumnElement

from catalog.db.database import Database
from catalog.db.tables import track


@dataclass(frozen=True)
class AlbumSample:
    """Tracks of the drawn albums."""

    track_ids: Sequence[int]
    albums: int
    """Number of drawn albums; a folder counts as an album for tracks without one."""
    of_tracks: int
    """Number of tracks in the population."""


def draw_album_sample(
    database: Database, where: ColumnElement[bool], tracks: int, *, seed: int = 0
) -> AlbumSample:
    """Draws whole albums of present tracks until the sample has at least `tracks` tracks.

    Albums are kept whole because genres, artists and wrong tags cluster by album. The same seed draws the same albums
    from the same collection, so that an interrupted run continues with them.
    """
    with database.read() as connection:
        rows = connection.execute(
            sa.select(track.c.id, track.c.album_id, track.c.path_bytes)
            .where(where, track.c.state == "present")
            .order_by(track.c.id)
        ).all()
    albums: defaultdict[Hashable, list[int]] = defaultdict(list)
    for row in rows:
        folder = os.path.dirname(row.path_bytes or b"")  # noqa: PTH120 - bytes
        albums[row.album_id if row.album_id is not None else folder].append(row.id)
    groups = list(albums.values())
    drawn: list[int] = []
    count = 0
    for at in np.random.default_rng(seed).permutation(len(groups)):
        if len(drawn) >= tracks:
            break
        drawn += groups[at]
        count += 1
    return AlbumSample(drawn, count, len(rows))
