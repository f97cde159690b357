"""Provenance of the report: program, database, active model, feature sets, library versions, last audit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from catalog.db.tables import audit, feature_set, feature_vector, snapshot
from catalog.features.stored_feature_set import StoredFeatureSet, active_feature_set
from catalog.learning.registry.registry import model_feature_sets
from catalog.report.formatting import date_and_time, safe_text, thousands

PREFERRED = "musicnn"
"""The feature set of the map, if the model uses it."""


@dataclass(frozen=True)
class ActiveModel:
    """The active model."""

    id: int
    algorithm: str
    is_zero_shot: bool
    created_at: datetime
    training_set: str
    """The size of the training set as text; empty for a zero-shot model."""


@dataclass(frozen=True)
class Provenance:
    """The versions and dates behind the report. A change of these alone does not make a report outdated."""

    program: str
    created_at: datetime
    database: str
    model: ActiveModel | None
    feature_sets: tuple[StoredFeatureSet, ...]
    """The feature sets of the model; without a model all active ones."""
    computed_with: str
    """Decoder and library versions of the newest vector of `plotted_feature_set`."""
    audited_at: datetime | None

    @property
    def plotted_feature_set(self) -> StoredFeatureSet | None:
        """The feature set of the map: `PREFERRED`, or else the first."""
        return plotted_feature_set(self.feature_sets)

    @property
    def lines(self) -> tuple[tuple[str, str], ...]:
        """The provenance as pairs of a label and a text."""
        rows = [
            ("Program", self.program),
            ("Database", self.database),
            ("Created", date_and_time(self.created_at)),
        ]
        if self.model:
            created = date_and_time(self.model.created_at)
            rows.append(("Model", f"no. {self.model.id}, {self.model.algorithm}, trained {created}"))
            if self.model.training_set:
                rows.append(("Training set", self.model.training_set))
        for features in self.feature_sets:
            size = f"{thousands(len(features.dimensions))} dimensions"
            text = (
                f"{safe_text(features.name)}, version {features.version}, {size}, hash {features.hash[:12]}"
            )
            rows.append(("Features", text))
        if self.computed_with:
            rows.append(("Computed with", self.computed_with))
        if self.audited_at:
            rows.append(("Last audit", date_and_time(self.audited_at)))
        return tuple(rows)


def plotted_feature_set(feature_sets: tuple[StoredFeatureSet, ...]) -> StoredFeatureSet | None:
    """`PREFERRED` if it is among the feature sets, or else the first; None without any."""
    preferred = (features for features in feature_sets if features.name == PREFERRED)
    return next(preferred, next(iter(feature_sets), None))


def read_provenance(connection: Connection, model: RowMapping | None, created_at: datetime) -> Provenance:
    """The provenance of a report on the active model, given as its row."""
    feature_sets = () if model is None else model_feature_sets(connection, model["id"])
    feature_sets = feature_sets or _active_feature_sets(connection)
    plotted = plotted_feature_set(feature_sets)
    return Provenance(
        program=f"music-catalog {version('music-catalog')}",
        created_at=created_at,
        database={"sqlite": "SQLite", "postgresql": "PostgreSQL"}[connection.dialect.name],
        model=None if model is None else _active_model(connection, model),
        feature_sets=feature_sets,
        computed_with="" if plotted is None else _library_versions(connection, plotted.id),
        audited_at=connection.execute(
            sa.select(sa.func.max(audit.c.finished_at)).where(audit.c.kind == "labels")
        ).scalar_one(),
    )


def _active_model(connection: Connection, model: RowMapping) -> ActiveModel:
    row = connection.execute(sa.select(snapshot).where(snapshot.c.id == model["snapshot_id"])).one_or_none()
    training_set = (
        ""
        if row is None
        else (
            f"{thousands(row.tracks)} tracks, {thousands(row.classes)} genres, {thousands(row.groups)} groups "
            f"without a shared artist, snapshot {safe_text(row.hash)[:12]}"
        )
    )
    return ActiveModel(
        id=model["id"],
        algorithm=safe_text(model["algorithm"]).replace("_", " "),
        is_zero_shot=row is None,
        created_at=model["created_at"],
        training_set=training_set,
    )


def _active_feature_sets(connection: Connection) -> tuple[StoredFeatureSet, ...]:
    names = connection.execute(
        sa.select(feature_set.c.name).where(feature_set.c.active).order_by(feature_set.c.id.desc())
    ).scalars()
    found = (active_feature_set(connection, name) for name in names.all())
    return tuple(features for features in found if features is not None)


def _library_versions(connection: Connection, feature_set_id: int) -> str:
    provenance = connection.execute(
        sa.select(feature_vector.c.provenance)
        .where(feature_vector.c.feature_set_id == feature_set_id)
        .order_by(feature_vector.c.track_id.desc())
        .limit(1)
    ).scalar()
    return safe_text(_listed(provenance), 300)


def _listed(provenance: Any) -> str:
    """Names and versions in a vector's provenance, without the values of one track only."""
    if not isinstance(provenance, Mapping):
        return ""
    for name in ("versions", "libraries"):
        if isinstance(provenance.get(name), Mapping):
            return _listed(provenance[name])
    return ", ".join(f"{name} {value}" for name, value in provenance.items() if isinstance(value, (str, int)))
