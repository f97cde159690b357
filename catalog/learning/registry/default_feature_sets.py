"""What is computed and learned from where nobody says: the vectors of both usual feature sets."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.audio.feature_sets.installed import available_feature_sets
from catalog.db.tables import feature_set, feature_vector, track_status
from catalog.learning.registry.registry import active_model, model_feature_sets

PRIMARY = "musicnn"
"""What every run computes, and what is learned from alone where there is nothing beside it."""
COMPANION = "summary"
"""What says more beside it where little is tagged, see docs/learning.md."""
DEFAULTS = (PRIMARY, COMPANION)
MAX_TRACKS_FOR_BOTH = 5_000
"""Tagged tracks up to which both are learned from: a fit of so many takes ten seconds, and a score sixty fits."""
MIN_COVERAGE = 0.99
"""The share of the tagged tracks that must have both, for the others would be left out."""


def feature_sets_to_compute(connection: Connection, named: Collection[str] | None = None) -> tuple[str, ...]:
    """The names of the feature sets that new tracks need: `MAIN`, those of the trained model in force, those named.

    Where nobody named any and no model was trained, the usual ones. What was imported ready-made is not among them, for
    nothing here computes it.
    """
    row = active_model(connection)
    if row is None or row["snapshot_id"] is None:
        return tuple(dict.fromkeys([PRIMARY, *(DEFAULTS if named is None else named)]))
    learned_from = {recipe.name for recipe in model_feature_sets(connection, row["id"])}
    return tuple(
        dict.fromkeys([PRIMARY, *sorted(learned_from.intersection(available_feature_sets())), *(named or ())])
    )


def default_feature_sets(connection: Connection) -> tuple[str, ...]:
    """The feature sets to learn from: both, where nearly all tagged tracks have both and they are not too many."""
    columns = feature_vector.c
    tagged = (
        sa.select(columns.track_id)
        .join(feature_set, feature_set.c.id == columns.feature_set_id)
        .join(track_status, track_status.c.track_id == columns.track_id)
        .where(feature_set.c.active, track_status.c.tagged_genre_id.is_not(None))
    )
    main, beside = (tagged.where(feature_set.c.name == name) for name in DEFAULTS)
    heard = connection.execute(sa.select(sa.func.count()).select_from(main.subquery())).scalar_one()
    if not 0 < heard <= MAX_TRACKS_FOR_BOTH:
        return (PRIMARY,)
    both = sa.intersect(main, beside).subquery()
    by_both = connection.execute(sa.select(sa.func.count()).select_from(both)).scalar_one()
    return DEFAULTS if by_both >= MIN_COVERAGE * heard else (PRIMARY,)
