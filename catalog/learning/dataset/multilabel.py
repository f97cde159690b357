"""Multilabel tags: all classes that a track is labeled with, and whether its tags are complete."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.arrays import Booleans, Integers
from catalog.db.tables import collection, label, track, track_status
from catalog.learning.dataset.hierarchy import Hierarchy, path_to_top


def load_tag_sets(
    connection: Connection,
    track_ids: Integers,
    hierarchy: Hierarchy,
    broader: Mapping[int, int | None],
) -> tuple[Booleans, Booleans]:
    """(n, classes) the labels of each track, and (n,) whether the tags of its collection are complete.

    A genre adds the nearest class at or above it, and the classes above that.
    """
    row = {track_id: at for at, track_id in enumerate(track_ids.tolist())}
    column = {genre: at for at, genre in enumerate(hierarchy.classes)}
    classes = len(hierarchy.classes)
    labels = np.zeros((len(row), classes), dtype=np.bool_)
    above = hierarchy.below[:classes].T
    tags = connection.execute(
        sa.select(track_status.c.track_id, label.c.genre_id).join_from(
            track_status, label, label.c.statement_id == track_status.c.statement_id
        )
    )
    nearest: dict[int, int | None] = {}
    for track_id, genre_id in tags:
        if track_id not in row:
            continue
        if genre_id not in nearest:
            path = path_to_top(genre_id, broader)
            nearest[genre_id] = next((column[term] for term in path if term in column), None)
        at = nearest[genre_id]
        if at is not None:
            labels[row[track_id]] |= above[at]
    complete = connection.execute(
        sa.select(track.c.id).join(collection).where(collection.c.tags_complete)
    ).scalars()
    return labels, np.isin(track_ids, np.fromiter(complete, dtype=np.int64))
