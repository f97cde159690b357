"""The tracks that a label audit can rank: tagged, predicted, and with at least one tag that counts for a class."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from catalog.arrays import Floats, Integers
from catalog.audit.labels.audited_tracks import class_column
from catalog.db.tables import (
    artist,
    audit_sample_track,
    feature_vector,
    label,
    model_class,
    model_feature_set,
    prediction,
    snapshot_member,
    statement,
    track,
    track_status,
)
from catalog.db.tables.learning import CHOICES
from catalog.db.track_query import IS_LISTED
from catalog.learning.dataset.catalog_tracks import load_tags
from catalog.learning.dataset.exclusion import REASON, Excluded, wrong_recordings
from catalog.learning.dataset.hierarchy import path_to_top

TrackRow = sa.Row[Any]


def named_artist() -> sa.ColumnElement[bool]:
    """The join of `track` with its artist that leaves out placeholders such as "Various Artists"."""
    return sa.and_(artist.c.id == track.c.artist_id, sa.not_(artist.c.is_placeholder))


def load_candidates(
    connection: Connection, model_row: RowMapping, broader: Mapping[int, int | None], excluded: Excluded
) -> tuple[list[TrackRow], list[list[int]], dict[int, int | None]]:
    """The tracks, for each its tags with the audited one first, and the class that each genre counts for.

    Without tracks of excluded genres and without wrong recordings.
    """
    column = class_column(model_row["class_order"])
    candidates = connection.execute(_candidate_query(model_row)).all()
    tags = load_tags(connection, [row.id for row in candidates])
    counts_for = _counts_for(connection, model_row, tags, broader)
    wrong = set(wrong_recordings(connection).tolist())
    rows, audited_tags = [], []
    for row in candidates:
        genre_ids = _audited_tag_first(tags[row.id], counts_for, column, excluded)
        is_predicted = row.probabilities is not None or row.genre_1_id in column
        if genre_ids and is_predicted and row.id not in wrong:
            rows.append(row)
            audited_tags.append(genre_ids)
    return rows, audited_tags, counts_for


def _candidate_query(model_row: RowMapping) -> sa.Select[Any]:
    """Tagged and predicted tracks: the training set, audit samples, and tracks with a further tag that is a class."""
    return (
        sa.select(
            track.c.id,
            track.c.album_id,
            artist.c.id.label("artist_id"),
            artist.c.folded,
            track_status.c.tagged_genre_id,
            statement.c.source,
            snapshot_member.c.group_id,
            prediction.c.probabilities,
            # Only without the full row: ten numbers for each of a million tracks would be half a gigabyte.
            *(
                sa.case((prediction.c.probabilities.is_(None), prediction.c[name])).label(name)
                for place in range(1, CHOICES + 1)
                for name in (f"genre_{place}_id", f"probability_{place}")
            ),
        )
        .join_from(track, track_status, track_status.c.track_id == track.c.id)
        .join(statement, statement.c.id == track_status.c.statement_id)
        .join(
            prediction,
            sa.and_(prediction.c.track_id == track.c.id, prediction.c.model_id == model_row["id"]),
        )
        .join(
            snapshot_member,
            sa.and_(
                snapshot_member.c.track_id == track.c.id,
                snapshot_member.c.snapshot_id == model_row["snapshot_id"],
            ),
            isouter=True,
        )
        .join(artist, named_artist(), isouter=True)
        .where(
            sa.or_(
                snapshot_member.c.track_id.is_not(None),
                track.c.id.in_(sa.select(audit_sample_track.c.track_id)),
                _has_later_class_tag(model_row),
            ),
            IS_LISTED,
        )
        .order_by(track.c.id)
    )


def _has_later_class_tag(model_row: RowMapping) -> sa.ColumnElement[bool]:
    """The track is outside the training set because its first tag is no class; it has further tags and all vectors.

    Tracks whose first tag was excluded from training stay excluded.
    """
    first = sa.exists().where(
        model_class.c.model_id == model_row["id"],
        model_class.c.genre_id == track_status.c.tagged_genre_id,
        sa.or_(model_class.c.counts_for_id.is_not(None), model_class.c.reason == REASON),
    )
    further = sa.exists().where(label.c.statement_id == track_status.c.statement_id, label.c.rank > 0)
    vector = sa.exists().where(
        feature_vector.c.feature_set_id == model_feature_set.c.feature_set_id,
        feature_vector.c.track_id == track.c.id,
    )
    lacks_vector = sa.exists().where(model_feature_set.c.model_id == model_row["id"], ~vector)
    # A model that was not trained here has no classes of its own.
    return sa.and_(sa.literal(model_row["snapshot_id"] is not None), ~first, further, ~lacks_vector)


def _counts_for(
    connection: Connection,
    model_row: RowMapping,
    tags: Mapping[int, Sequence[int]],
    broader: Mapping[int, int | None],
) -> dict[int, int | None]:
    """The class of each genre. A genre that is never a first tag counts for the nearest class above it."""
    counts_for: dict[int, int | None] = dict(
        connection.execute(
            sa.select(model_class.c.genre_id, model_class.c.counts_for_id).where(
                model_class.c.model_id == model_row["id"]
            )
        ).all()
    )
    classes = {class_id for class_id in counts_for.values() if class_id is not None}
    for genre_id in {each for genre_ids in tags.values() for each in genre_ids} - counts_for.keys():
        counts_for[genre_id] = next(
            (term for term in path_to_top(genre_id, broader) if term in classes), None
        )
    return counts_for


def _audited_tag_first(
    genre_ids: Sequence[int],
    counts_for: Mapping[int, int | None],
    column: Mapping[int, int],
    excluded: Excluded,
) -> list[int]:
    """A track's tags, first the audited one: the first tag that counts for a class.

    Empty if no tag does, or if the very first tag is an excluded genre.
    """
    if not genre_ids or genre_ids[0] in excluded.genre_ids:
        return []
    for audited in genre_ids:
        if counts_for.get(audited) in column and audited not in excluded.genre_ids:
            return [audited, *(genre_id for genre_id in genre_ids if genre_id != audited)]
    return []


def class_probabilities(row: TrackRow, column: Mapping[int, int]) -> Floats:
    """(classes,): the stored probabilities; if only the first few are stored, the others share the rest equally."""
    if row.probabilities is not None:
        return np.asarray(row.probabilities, dtype=np.float64)
    fields = row._mapping  # noqa: SLF001 - SQLAlchemy's own way to read a row by column name
    stored = {
        column[fields[f"genre_{place}_id"]]: float(fields[f"probability_{place}"])
        for place in range(1, CHOICES + 1)
        if fields[f"genre_{place}_id"] in column
    }
    rest = max(1.0 - sum(stored.values()), 0.0) / max(len(column) - len(stored), 1)
    probability = np.full(len(column), rest)
    probability[list(stored)] = list(stored.values())
    return probability


def connected_groups(rows: Sequence[TrackRow]) -> Integers:
    """(n,): connected groups; a track outside the training set joins its artist's group or forms its own."""
    of_artist = {
        row.artist_id: row.group_id for row in rows if row.artist_id is not None and row.group_id is not None
    }
    groups = np.zeros(len(rows), dtype=np.int64)
    unused = max((row.group_id for row in rows if row.group_id is not None), default=-1) + 1
    for at, row in enumerate(rows):
        group = row.group_id
        if group is None:
            group = of_artist.get(row.artist_id)
        if group is None:
            group, unused = unused, unused + 1
            if row.artist_id is not None:
                of_artist[row.artist_id] = group
        groups[at] = group
    return groups
