"""The model card: what a model is for, what it learned from, how good it is and where it ends, as facts and as a page."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.tables import genre, model_class, snapshot
from catalog.features.stored_feature_set import StoredFeatureSet
from catalog.learning.metrics.reliability import Reliability, stored_reliability
from catalog.learning.registry.registry import ZERO_SHOT, get_model, model_feature_sets
from catalog.learning.scoring.corrected_label_score import corrected_label_score
from catalog.report.figures.importance_scale import importance_scale
from catalog.report.formatting import LONGEST_GENRE, safe_text
from catalog.report.html_report import environment, replace_page
from catalog.report.model_quality import Quality, quality_of

PRETRAINED = "musicnn"
MOST_CONFUSED = 30
"""Genres up to which the whole table of confusions is shown."""


@dataclass(frozen=True)
class TrainingSet:
    """What a model learned from."""

    hash: str
    level: str
    rule: Mapping[str, Any]
    tracks: int
    classes: int
    groups: int


@dataclass(frozen=True)
class GenreSupport:
    """A genre with what stands behind it."""

    genre: str
    tracks: int
    artists: int
    albums: int
    counts_for: str | None
    reason: str


@dataclass(frozen=True)
class Card:
    """All that the card says."""

    model_id: int
    status: str
    algorithm: str
    parameters: Mapping[str, Any]
    seed: int | None
    threshold: float | None
    versions: Mapping[str, str]
    artifact: str | None
    artifact_sha256: str | None
    created_at: datetime
    promoted_at: datetime | None
    intended_use: tuple[str, ...]
    limits: tuple[str, ...]
    training_set: TrainingSet | None
    feature_sets: tuple[Mapping[str, Any], ...]
    judged: tuple[GenreSupport, ...]
    not_by_themselves: tuple[GenreSupport, ...]
    """Genres that count for a broader term, or for none."""
    calibration: tuple[Reliability, ...]
    metrics: Mapping[str, Any]
    """As the registry has them, with `reconsidered`: the score without doubted tags and with corrected ones."""

    @property
    def quality(self) -> Quality | None:
        """The scores among the metrics; None without any."""
        return quality_of(self.metrics)


def read_card(connection: Connection, model_id: int) -> Card:
    """The card of a model. Raises NoModelError."""
    row = get_model(connection, model_id)
    recipes = model_feature_sets(connection, model_id)
    training_set = _training_set(connection, row["snapshot_id"])
    support = _support(connection, model_id)
    return Card(
        model_id=row["id"],
        status=row["status"],
        algorithm=row["algorithm"],
        parameters=row["parameters"],
        seed=row["seed"],
        threshold=row["threshold"],
        versions=row["versions"],
        artifact=row["artifact"],
        artifact_sha256=row["artifact_sha256"],
        created_at=row["created_at"],
        promoted_at=row["promoted_at"],
        intended_use=_intended_use(row["algorithm"]),
        limits=_limits(row["algorithm"], recipes, row["metrics"]),
        training_set=training_set,
        feature_sets=tuple(
            {
                "name": one.name,
                "version": one.version,
                "hash": one.hash,
                "dimensions": len(one.dimensions),
            }
            for one in recipes
        ),
        judged=tuple(one for one in support if one.counts_for == one.genre),
        not_by_themselves=tuple(one for one in support if one.counts_for != one.genre),
        calibration=() if training_set is None else stored_reliability(connection, row),
        metrics={**row["metrics"], "reconsidered": corrected_label_score(connection, row)},
    )


def render_card(card: Card, *, command: str = "catalog") -> str:
    """The card as one page that needs nothing else."""
    return (
        environment()
        .get_template("card.html")
        .render(
            card=card,
            # What a model of another day did not measure is not there, and no error.
            metrics=defaultdict(lambda: None, card.metrics),
            quality=card.quality,
            importances=card.metrics.get("importance") or {},
            importance_scale=importance_scale,
            confusion=_confusion(card.metrics),
            command=safe_text(command, 1000),
        )
    )


def write_card(card: Card, path: Path, *, command: str = "catalog") -> Path:
    """Writes the page, whole or not at all, and gives its absolute path. Raises ReportWriteError."""
    return replace_page(path, render_card(card, command=command))


def _training_set(connection: Connection, snapshot_id: int | None) -> TrainingSet | None:
    row = connection.execute(sa.select(snapshot).where(snapshot.c.id == snapshot_id)).one_or_none()
    if row is None:
        return None
    return TrainingSet(row.hash, row.level, row.parameters, row.tracks, row.classes, row.groups)


def _support(connection: Connection, model_id: int) -> list[GenreSupport]:
    counted = genre.alias("counted")
    rows = connection.execute(
        sa.select(model_class, genre.c.name, counted.c.name.label("counted"))
        .join_from(model_class, genre, genre.c.id == model_class.c.genre_id)
        .join(counted, counted.c.id == model_class.c.counts_for_id, isouter=True)
        .where(model_class.c.model_id == model_id)
        .order_by(model_class.c.tracks.desc(), genre.c.name)
    )
    return [
        GenreSupport(
            safe_text(row.name, LONGEST_GENRE),
            row.tracks,
            row.artists,
            row.albums,
            None if row.counted is None else safe_text(row.counted, LONGEST_GENRE),
            safe_text(row.reason, 200),
        )
        for row in rows
    ]


def _intended_use(algorithm: str) -> tuple[str, ...]:
    learned = (
        "It compares the sound with words that a network learned elsewhere; it did not learn from this collection."
        if algorithm == ZERO_SHOT
        else "It learned from the tags of this collection, and answers for music like that in it."
    )
    return (
        "Proposing genres for tracks that have none, and pointing out doubtful genre tags for a person to look at.",
        learned,
        "Not for changing tags unseen, for judging artists or paying them, or for music unlike that of the collection.",
    )


def _limits(
    algorithm: str, recipes: tuple[StoredFeatureSet, ...], metrics: Mapping[str, Any]
) -> tuple[str, ...]:
    limits = []
    if any(one.name == PRETRAINED for one in recipes):
        limits.append(
            "The pretrained networks have probably heard commercial music in this collection: “artists apart” holds for "
            "the part that was trained here, not for theirs."
        )
    if algorithm != ZERO_SHOT:
        limits += [
            "A tag is what somebody once wrote. Scores count a wrong tag that was heard rightly as the model's mistake.",
            "It knows the genres listed here and no other; what is none of them it may call unknown, or mistake.",
            "By default it hears thirty seconds from the middle of a track.",
        ]
    without = metrics.get("without_artist_share")
    if isinstance(without, (int, float)) and without > 0:
        limits.append(
            f"No artist is known for {without:.0%} of the tracks; folder or album keeps those apart, which may fail."
        )
    return tuple(limits)


def _confusion(metrics: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The table of confusions where it is small enough to be read."""
    found = metrics.get("confusion")
    if not isinstance(found, Mapping) or not 0 < len(found.get("genres", ())) <= MOST_CONFUSED:
        return None
    rows = []
    for genre_name, tracks in zip(found["genres"], found["tracks"], strict=True):
        total = max(sum(tracks), 1)
        rows.append(
            {
                "genre": safe_text(genre_name, LONGEST_GENRE),
                "cells": [
                    {"tracks": number, "step": 0 if not number else 1 + int(number / total * 4.999)}
                    for number in tracks
                ],
            }
        )
    return {"genres": [row["genre"] for row in rows], "rows": rows}
