"""The statistics that `catalog stats` shows: sizes, the active model, suggestions, suspects and decisions."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.derived.statistics import (
    Figure,
    collection_figures,
    failure_figures,
    feature_figures,
    genre_figures,
    grouped_counts,
    track_figures,
)
from catalog.db.tables import decision, model, track, track_status
from catalog.db.track_query import IS_LISTED
from catalog.review.suspect_filters import is_in_effect


def catalog_statistics(connection: Connection) -> list[Figure]:
    """All figures, in display order. Missing tracks count only in `tracks missing`."""
    return [
        *collection_figures(connection),
        *track_figures(connection),
        *genre_figures(connection),
        *feature_figures(connection),
        *failure_figures(connection),
        *_model(connection),
        *_suggestions(connection),
        *_suspects(connection),
        *_decisions(connection),
    ]


def _model(connection: Connection) -> Iterator[Figure]:
    row = connection.execute(sa.select(model).where(model.c.status == "active")).mappings().one_or_none()
    if row is None:
        yield Figure("model", "active", None)
        return
    metrics = row["metrics"]
    yield Figure("model", "active", row["id"])
    yield Figure("model", "algorithm", row["algorithm"])
    if row["promoted_at"] is not None:
        yield Figure("model", "since", row["promoted_at"].isoformat(timespec="seconds"))
    if "accuracy" not in metrics:  # a zero-shot model has no scores
        return
    accuracy, baselines = metrics["accuracy"], metrics["baselines"]
    yield Figure("model", "accuracy on new artists", accuracy["value"])
    yield Figure("model", "accuracy, lower bound", accuracy["low"])
    yield Figure("model", "accuracy, upper bound", accuracy["high"])
    yield Figure("model", "accuracy of the most common genre", baselines["majority"]["value"])
    yield Figure("model", "accuracy of the artist's other tags", baselines["artist_copy"]["value"])
    yield Figure("model", "accuracy with the artist's tags", metrics["artist_aware"]["accuracy"]["value"])
    yield Figure("model", "classes", metrics["classes"])
    yield Figure("model", "tracks", metrics["tracks"])


def _suggestions(connection: Connection) -> Iterator[Figure]:
    """Untagged tracks by the evidence for their suggestion."""
    suggested_by = sa.case(
        (track_status.c.suggested_genre_id.is_(None), "none"),
        else_=sa.func.coalesce(track_status.c.suggested_by, "audio"),
    )
    query = (
        sa.select(suggested_by, sa.func.count())
        .select_from(track)
        .join(track_status, track_status.c.track_id == track.c.id, isouter=True)
        .where(IS_LISTED, track_status.c.tagged_genre_id.is_(None))
        .group_by(sa.literal_column("1"))
    )
    return grouped_counts(connection, "suggestions for untagged tracks", query)


def _suspects(connection: Connection) -> Iterator[Figure]:
    # The views select the latest finished audit and the newest decision.
    suspects = sa.table("suspects", sa.column("decision"))
    total, undecided = connection.execute(
        sa.select(
            sa.func.count(),
            sa.func.coalesce(sa.func.sum(sa.case((suspects.c.decision.is_(None), 1), else_=0)), 0),
        ).select_from(suspects)
    ).one()
    cases = connection.execute(sa.select(sa.func.count()).select_from(sa.table("cases"))).scalar_one()
    yield Figure("suspects", "total", total)
    yield Figure("suspects", "undecided", int(undecided))
    yield Figure("suspects", "cases", cases)


def _decisions(connection: Connection) -> Iterator[Figure]:
    """Decisions in effect, by verdict: neither an undo nor undone."""
    query = (
        sa.select(decision.c.verdict, sa.func.count())
        .where(is_in_effect(decision))
        .group_by(decision.c.verdict)
    )
    return grouped_counts(connection, "decisions", query)
