"""How often the active model is right for artists that it has not heard, beside what needs no model."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.tables import model
from catalog.report.formatting import LONGEST_GENRE, safe_text


@dataclass(frozen=True)
class Score:
    """A share of 0 to 1, with the middle 95 % of it where that is known."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class ClassScore:
    """How well one genre is recognized; shares of 0 to 1."""

    genre: str
    tracks: int
    precision: float | None
    recall: float | None


@dataclass(frozen=True)
class Quality:
    """What the active model's metrics say. Whatever an older or other model does not say is None or empty."""

    accuracy: Score | None
    balanced: Score | None
    among_three: Score | None
    """The genre is among the three likeliest."""
    random_folds: Score | None
    """What would have been claimed if an artist could be on both sides."""
    majority: Score | None
    """Always the commonest genre."""
    artist_copy: Score | None
    """The tag of the artist's other tracks."""
    known_artists: Score | None
    """The sound and the artist's other tracks together, as untagged tracks are answered."""
    tracks: int | None
    classes: int | None
    groups: int | None
    precision_target: float | None
    share_answered: float | None
    answered_precision: Score | None
    without_artist_share: float | None
    by_class: tuple[ClassScore, ...]
    """The most tracks first."""


def read_quality(connection: Connection) -> Quality | None:
    """The scores of the active model; None without a model, or where it was never scored (zero-shot)."""
    metrics = connection.execute(sa.select(model.c.metrics).where(model.c.status == "active")).scalar()
    return None if metrics is None else quality_of(metrics)


def quality_of(metrics: Any) -> Quality | None:
    """Reads a model's metrics, tolerant of what is missing or of another type; None where no score is among them."""
    if not isinstance(metrics, Mapping):
        return None
    baselines = metrics.get("baselines")
    baselines = baselines if isinstance(baselines, Mapping) else {}
    claimed = metrics.get("random_folds")
    known = metrics.get("known_artists")
    quality = Quality(
        accuracy=_score(metrics.get("accuracy")),
        balanced=_score(metrics.get("balanced_accuracy")),
        among_three=_score(metrics.get("top_3_accuracy")),
        random_folds=_score(claimed.get("accuracy")) if isinstance(claimed, Mapping) else None,
        majority=_score(baselines.get("majority")),
        artist_copy=_score(baselines.get("artist_copy")),
        known_artists=_score(known.get("accuracy")) if isinstance(known, Mapping) else None,
        tracks=_whole(metrics.get("tracks")),
        classes=_whole(metrics.get("classes")),
        groups=_whole(metrics.get("groups")),
        precision_target=_share(metrics.get("precision_target")),
        share_answered=_share(metrics.get("share_answered")),
        answered_precision=_score(metrics.get("answered_precision")),
        without_artist_share=_share(metrics.get("without_artist_share")),
        by_class=_by_class(metrics.get("per_class")),
    )
    return quality if quality.accuracy is not None else None


def _score(value: Any) -> Score | None:
    if isinstance(value, Mapping):
        share = _share(value.get("value"))
        return None if share is None else Score(share, _share(value.get("low")), _share(value.get("high")))
    share = _share(value)
    return None if share is None else Score(share, None, None)


def _share(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return min(max(float(value), 0.0), 1.0)


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _by_class(rows: Any) -> tuple[ClassScore, ...]:
    if not isinstance(rows, list):
        return ()
    scores = [
        ClassScore(
            genre=safe_text(row.get("genre"), LONGEST_GENRE),
            tracks=_whole(row.get("tracks")) or 0,
            precision=_share(row.get("precision")),
            recall=_share(row.get("recall")),
        )
        for row in rows
        if isinstance(row, Mapping)
    ]
    return tuple(sorted(scores, key=lambda score: (-score.tracks, score.genre)))
