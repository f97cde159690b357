"""Default feature sets for extraction and training."""

from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.audio.feature_sets.installed import available_feature_sets
from catalog.db.tables import feature_set, feature_vector, track_status
from catalog.learning.registry.registry import active_model, model_feature_sets

PRIMARY = "musicnn"
"""Extracted in every run; used alone for training where COMPANION is missing."""
COMPANION = "summary"
"""Improves models of small collections, see docs/learning.md."""
DEFAULTS = (PRIMARY, COMPANION)
MAX_TRACKS_FOR_BOTH = 5_000
"""Tagged tracks up to which both are used for training: a fit of 5,000 takes ten seconds, and a score sixty fits."""
MIN_COVERAGE = 0.99
"""Share of the tagged tracks that must have both, because tracks without one would be left out."""


def feature_sets_to_compute(connection: Connection, named: Collection[str] | None = None) -> tuple[str, ...]:
    """The feature sets to extract for new tracks: PRIMARY, those of the active trained model, and `named` ones.

    DEFAULTS without names and without a trained model. Imported feature sets are left out, because they cannot be
    computed here.
    """
    row = active_model(connection)
    if row is None or row["snapshot_id"] is None:
        return tuple(dict.fromkeys([PRIMARY, *(DEFAULTS if named is None else named)]))
    model_sets = {features.name for features in model_feature_sets(connection, row["id"])}
    return tuple(
        dict.fromkeys([PRIMARY, *sorted(model_sets.intersection(available_feature_sets())), *(named or ())])
    )


def default_feature_sets(connection: Connection) -> tuple[str, ...]:
    """The feature sets for training: both, if nearly all tagged tracks have both and there are not too many."""
    columns = feature_vector.c
    tagged = (
        sa.select(columns.track_id)
        .join(feature_set, feature_set.c.id == columns.feature_set_id)
        .join(track_status, track_status.c.track_id == columns.track_id)
        .where(feature_set.c.active, track_status.c.tagged_genre_id.is_not(None))
    )
    primary, companion = (tagged.where(feature_set.c.name == name) for name in DEFAULTS)
    tracks = connection.execute(sa.select(sa.func.count()).select_from(primary.subquery())).scalar_one()
    if not 0 < tracks <= MAX_TRACKS_FOR_BOTH:
        return (PRIMARY,)
    both = sa.intersect(primary, companion).subquery()
    tracks_with_both = connection.execute(sa.select(sa.func.count()).select_from(both)).scalar_one()
    return DEFAULTS if tracks_with_both >= MIN_COVERAGE * tracks else (PRIMARY,)
