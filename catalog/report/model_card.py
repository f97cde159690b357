"""The model card: intended use, limitations, training data, scores and calibration, as data and as a page.

`write_report_folder` writes it next to the report.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.database import Database
from catalog.db.tables import snapshot
from catalog.features.stored_feature_set import StoredFeatureSet
from catalog.learning.metrics.reliability import Reliability, stored_reliability
from catalog.learning.registry.registry import ZERO_SHOT, active_model, get_model, model_feature_sets
from catalog.learning.scoring.model_metrics import (
    ConfusionMatrix,
    ModelMetrics,
    metrics_with_corrected_labels,
)
from catalog.report.figures.importance_plot import importance_scale
from catalog.report.formatting import LONGEST_GENRE, safe_text, template_environment
from catalog.report.genre_agreement import GenreSupport, read_genre_support
from catalog.report.html_report import write_page, write_report
from catalog.text import percent

PRETRAINED = "musicnn"
LARGEST_CONFUSION = 30
"""Genres up to which the confusion matrix is shown."""
SHADES = 5


@dataclass(frozen=True)
class ModelCard:
    """The content of the card."""

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
    limitations: tuple[str, ...]
    snapshot: Mapping[str, Any] | None
    """The training set: hash, level, parameters, and the numbers of tracks, classes and groups."""
    feature_sets: tuple[Mapping[str, Any], ...]
    """Name, version, hash and number of dimensions of each."""
    classes: tuple[GenreSupport, ...]
    """The genres that the model predicts."""
    small_genres: tuple[GenreSupport, ...]
    """Genres with too few examples: they count for a broader term, or for no class."""
    calibration: tuple[Reliability, ...]
    metrics: ModelMetrics | None
    """With the scores without suspects and with corrected labels; None for a model without scores (zero-shot)."""

    @property
    def file_name(self) -> str:
        """The file name of the page."""
        return f"model-{self.model_id}.html"


def read_card(connection: Connection, model_id: int) -> ModelCard:
    """The card of a model. Raises NoModelError."""
    row = get_model(connection, model_id)
    feature_sets = model_feature_sets(connection, model_id)
    metrics = metrics_with_corrected_labels(connection, row)
    support = read_genre_support(connection, model_id)
    return ModelCard(
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
        limitations=_limitations(row["algorithm"], feature_sets, metrics),
        snapshot=_snapshot(connection, row["snapshot_id"]),
        feature_sets=tuple(
            {
                "name": features.name,
                "version": features.version,
                "hash": features.hash,
                "dimensions": len(features.dimensions),
            }
            for features in feature_sets
        ),
        classes=tuple(genre for genre in support if genre.is_class),
        small_genres=tuple(genre for genre in support if not genre.is_class),
        calibration=() if row["snapshot_id"] is None else stored_reliability(connection, row),
        metrics=metrics,
    )


def render_card(card: ModelCard, *, command: str = "catalog") -> str:
    """The card as one self-contained HTML page."""
    return (
        template_environment("catalog.report")
        .get_template("model_card.html")
        .render(
            card=card,
            metrics=card.metrics,
            importances={} if card.metrics is None else card.metrics.importance,
            importance_scale=importance_scale,
            confusion=None if card.metrics is None else _confusion(card.metrics.confusion),
            command=safe_text(command, 1000),
        )
    )


def write_card(card: ModelCard, path: Path, *, command: str = "catalog") -> Path:
    """Writes the page atomically and returns its absolute path. Raises ReportWriteError."""
    return write_page(path, render_card(card, command=command))


def _snapshot(connection: Connection, snapshot_id: int | None) -> dict[str, Any] | None:
    columns = ("hash", "level", "parameters", "tracks", "classes", "groups")
    query = sa.select(*(snapshot.c[name] for name in columns)).where(snapshot.c.id == snapshot_id)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else dict(row)


def _intended_use(algorithm: str) -> tuple[str, ...]:
    origin = (
        "The model compares audio with text by a pretrained network. It was not trained on this collection."
        if algorithm == ZERO_SHOT
        else "The model was trained on the tags of this collection. Use it for similar music only."
    )
    return (
        "Suggest genres for untagged tracks, and flag genre tags that a person should check.",
        origin,
        "Not intended for changing tags without review, for rating or paying artists, or for other kinds of music.",
    )


def _limitations(
    algorithm: str, feature_sets: tuple[StoredFeatureSet, ...], metrics: ModelMetrics | None
) -> tuple[str, ...]:
    limitations = []
    if any(features.name == PRETRAINED for features in feature_sets):
        limitations.append(
            "The pretrained networks were probably trained on commercial music that is in this collection. Artists are "
            "kept apart for the classifier only, not for these networks."
        )
    if algorithm != ZERO_SHOT:
        limitations += [
            "Tags can be wrong. A correct prediction for a wrongly tagged track counts as an error.",
            "The model knows only the genres listed here. Music of any other genre gets no answer or a wrong one.",
            "By default 30 seconds from the middle of each track are analyzed.",
        ]
    if metrics is not None and (without_artist := metrics.without_artist_share):
        limitations.append(
            f"The artist of {percent(without_artist)} of the tracks is unknown. These tracks are grouped by folder or "
            "album instead, which may put one artist into both training and test set."
        )
    return tuple(limitations)


def _confusion(confusion: ConfusionMatrix) -> Mapping[str, Any] | None:
    """The confusion matrix with a shade from 0 to 5 for each cell; None if it is too large to be read."""
    if len(confusion.genres) > LARGEST_CONFUSION:
        return None
    rows = []
    for genre, counts in zip(confusion.genres, confusion.tracks, strict=True):
        total = max(sum(counts), 1)
        cells = [
            {"tracks": tracks, "shade": 0 if not tracks else 1 + int(tracks / total * (SHADES - 0.001))}
            for tracks in counts
        ]
        rows.append({"genre": safe_text(genre, LONGEST_GENRE), "cells": cells})
    return {"genres": [row["genre"] for row in rows], "rows": rows}


def write_report_folder(
    database: Database, folder: Path, *, command: str = "catalog", since: datetime | None = None
) -> Path:
    """Writes `index.html` and the `model-N.html` that it links to; returns the path of `index.html`.

    Without an active model no card is written. `since` bounds the decisions counted. Raises ReportWriteError.
    """
    with database.read() as connection:
        model = active_model(connection)
        card = None if model is None else read_card(connection, model["id"])
    if card is not None:
        write_card(card, folder / card.file_name, command=command)
    name = None if card is None else card.file_name
    return write_report(database, folder / "index.html", command=command, since=since, card=name)
