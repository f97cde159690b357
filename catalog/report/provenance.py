"""Where the report's numbers come from: the model, the recipe of the features, the program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.tables import audit, feature_set, feature_vector, model, model_feature_set, snapshot
from catalog.report.formatting import count, moment, safe_text


@dataclass(frozen=True)
class FeatureSetFacts:
    """A feature set."""

    id: int
    name: str
    version: int
    hash: str
    dimensions: int
    made_by: str
    """Decoder and libraries of one of its vectors, as text."""


@dataclass(frozen=True)
class Model:
    """The active model."""

    id: int
    algorithm: str
    is_zero_shot: bool
    made_at: datetime
    snapshot: str
    """The training set in words; empty without one."""
    recipes: tuple[FeatureSetFacts, ...]


@dataclass(frozen=True)
class Provenance:
    """Everything that explains the report and makes nothing stale."""

    program: str
    made_at: datetime
    database: str
    model: Model | None
    recipes: tuple[FeatureSetFacts, ...]
    """The feature sets that the model learned from; without a model all that are in use."""
    audited_at: datetime | None

    @property
    def recipe(self) -> FeatureSetFacts | None:
        """The feature set of the map: `musicnn`, or where that is not among them the first."""
        named = (recipe for recipe in self.recipes if recipe.name == "musicnn")
        return next(named, next(iter(self.recipes), None))

    @property
    def lines(self) -> tuple[tuple[str, str], ...]:
        """The provenance as pairs of a word and a text."""
        rows = [("Program", self.program), ("Database", self.database), ("Made", moment(self.made_at))]
        if self.model:
            rows.append(
                ("Model", f"no. {self.model.id}, {self.model.algorithm}, made {moment(self.model.made_at)}")
            )
            if self.model.snapshot:
                rows.append(("Training set", self.model.snapshot))
        for recipe in self.recipes:
            text = f"{recipe.name}, version {recipe.version}, {count(recipe.dimensions)} numbers a track, "
            rows.append(("Features", f"{text}recipe {recipe.hash[:12]}"))
        if self.recipe and self.recipe.made_by:
            rows.append(("Computed with", self.recipe.made_by))
        if self.audited_at:
            rows.append(("Last audit", moment(self.audited_at)))
        return tuple(rows)


def read_provenance(connection: Connection, made_at: datetime) -> Provenance:
    """Reads what the active model and the feature sets say of themselves."""
    found = _model(connection)
    recipes = found.recipes if found and found.recipes else _recipes(connection)
    return Provenance(
        program=f"music-catalog {version('music-catalog')}",
        made_at=made_at,
        database={"sqlite": "SQLite", "postgresql": "PostgreSQL"}[connection.dialect.name],
        model=found,
        recipes=recipes,
        audited_at=connection.execute(
            sa.select(sa.func.max(audit.c.finished_at)).where(audit.c.kind == "labels")
        ).scalar_one(),
    )


def _model(connection: Connection) -> Model | None:
    row = connection.execute(
        sa.select(
            model.c.id,
            model.c.algorithm,
            model.c.snapshot_id,
            model.c.created_at,
            snapshot.c.tracks,
            snapshot.c.classes,
            snapshot.c.groups,
            snapshot.c.hash,
        )
        .select_from(model.outerjoin(snapshot, snapshot.c.id == model.c.snapshot_id))
        .where(model.c.status == "active")
    ).first()
    if row is None:
        return None
    training = ""
    if row.snapshot_id is not None:
        training = (
            f"{count(row.tracks)} tracks, {count(row.classes)} genres, {count(row.groups)} groups that share no "
            f"artist, snapshot {safe_text(row.hash)[:12]}"
        )
    ids = connection.execute(
        sa.select(model_feature_set.c.feature_set_id)
        .where(model_feature_set.c.model_id == row.id)
        .order_by(model_feature_set.c.position)
    ).scalars()
    return Model(
        id=row.id,
        algorithm=safe_text(row.algorithm).replace("_", " "),
        is_zero_shot=row.snapshot_id is None,
        made_at=row.created_at,
        snapshot=training,
        recipes=_recipes(connection, list(ids)),
    )


def _recipes(connection: Connection, ids: list[int] | None = None) -> tuple[FeatureSetFacts, ...]:
    query = sa.select(feature_set).order_by(feature_set.c.id.desc())
    query = query.where(feature_set.c.active if ids is None else feature_set.c.id.in_(ids))
    return tuple(
        FeatureSetFacts(
            id=row.id,
            name=safe_text(row.name),
            version=row.version,
            hash=safe_text(row.hash),
            dimensions=len(row.dimensions),
            made_by=_made_by(connection, row.id),
        )
        for row in connection.execute(query)
    )


def _made_by(connection: Connection, feature_set_id: int) -> str:
    provenance = connection.execute(
        sa.select(feature_vector.c.provenance)
        .where(feature_vector.c.feature_set_id == feature_set_id)
        .order_by(feature_vector.c.track_id.desc())
        .limit(1)
    ).scalar()
    return safe_text(_listed(provenance), 300)


def _listed(provenance: Any) -> str:
    """Names and versions of whatever the worker noted, without what belongs to one track only."""
    if not isinstance(provenance, Mapping):
        return ""
    for name in ("versions", "libraries"):
        if isinstance(provenance.get(name), Mapping):
            return _listed(provenance[name])
    return ", ".join(f"{name} {value}" for name, value in provenance.items() if isinstance(value, (str, int)))
