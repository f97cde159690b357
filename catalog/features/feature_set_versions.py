"""Versions of a feature set: list, activate, remove."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.audio.feature_sets.installed import available_feature_sets
from catalog.db.tables import (
    cluster_run,
    failure,
    feature_set,
    feature_vector,
    model,
    model_feature_set,
    track,
)
from catalog.db.track_query import IS_LISTED
from catalog.errors import CatalogError
from catalog.features.stored_feature_set import StoredFeatureSet, active_feature_set, find_feature_set
from catalog.text import pluralize

SHORTEST_HASH = 4
"""Characters of a hash that identify a version."""


class UnknownVersionError(CatalogError):
    """No version, or more than one, matches."""


class VersionInUseError(CatalogError):
    """A version that is still needed and cannot be removed."""


@dataclass(frozen=True)
class Version:
    """A stored feature set and its coverage."""

    name: str
    version: int
    hash: str
    active: bool
    """Whether it is the active version of its name."""
    tracks: int
    """Listed tracks with a vector."""
    without: int
    """Listed tracks without a vector."""
    failed: int
    """Tracks without a vector that failed."""
    created_at: datetime


@dataclass(frozen=True)
class Removal:
    """The effect of removing a version."""

    vectors: int
    models: tuple[int, ...]
    """Models trained on these vectors; they cannot be activated again."""


def list_versions(connection: Connection) -> list[Version]:
    """Every stored feature set by name, newest version first."""
    tracks = connection.execute(sa.select(sa.func.count()).where(IS_LISTED).select_from(track)).scalar_one()
    analyzed = _counts(
        connection, sa.select(feature_vector.c.feature_set_id, sa.func.count()), feature_vector
    )
    failed = _counts(
        connection,
        sa.select(failure.c.feature_set_id, sa.func.count(failure.c.track_id.distinct())).where(
            failure.c.feature_set_id.is_not(None)
        ),
        failure,
    )
    rows = connection.execute(
        sa.select(feature_set).order_by(
            feature_set.c.name, feature_set.c.version.desc(), feature_set.c.id.desc()
        )
    )
    return [
        Version(
            row.name,
            row.version,
            row.hash,
            row.active,
            analyzed.get(row.id, 0),
            tracks - analyzed.get(row.id, 0),
            failed.get(row.id, 0),
            row.created_at,
        )
        for row in rows
    ]


def activate_version(connection: Connection, name: str, version: str) -> StoredFeatureSet:
    """The stored feature set by version number or by the start of its hash (at least four characters).

    Raises UnknownVersionError.
    """
    rows = connection.execute(
        sa.select(feature_set.c.version, feature_set.c.hash).where(feature_set.c.name == name)
    ).all()
    if not rows:
        names = connection.execute(sa.select(feature_set.c.name).distinct().order_by(feature_set.c.name))
        known = ", ".join(names.scalars()) or "none"
        raise UnknownVersionError(f"there is no feature set {name!r} in the catalog; stored: {known}")
    found = [row.hash for row in rows if str(row.version) == version]
    if not found and len(version) >= SHORTEST_HASH:
        found = [row.hash for row in rows if row.hash.startswith(version.lower())]
    if len(found) != 1:
        known = ", ".join(f"{row.version} ({row.hash[:8]})" for row in rows)
        problem = "no version" if not found else "more than one version"
        raise UnknownVersionError(f"{problem} of {name} matches {version!r}; versions: {known}")
    recipe = find_feature_set(connection, found[0])
    assert recipe is not None
    return recipe


def tracks_lacking_version(
    connection: Connection, recipe: StoredFeatureSet, than: StoredFeatureSet
) -> tuple[int, int]:
    """The number of tracks with a vector of `than` but not of `recipe`, and how many of them failed."""
    other = feature_vector.alias()
    has_none = ~sa.exists().where(
        other.c.feature_set_id == recipe.id, other.c.track_id == feature_vector.c.track_id
    )
    has_failed = sa.exists().where(
        failure.c.track_id == feature_vector.c.track_id,
        sa.or_(failure.c.feature_set_id.is_(None), failure.c.feature_set_id == recipe.id),
    )
    count = (
        sa.select(sa.func.count())
        .select_from(feature_vector)
        .join(track, track.c.id == feature_vector.c.track_id)
        .where(feature_vector.c.feature_set_id == than.id, IS_LISTED, has_none)
    )
    return connection.execute(count).scalar_one(), connection.execute(count.where(has_failed)).scalar_one()


def plan_removal(connection: Connection, recipe: StoredFeatureSet) -> Removal:
    """The effect of removing a version. Raises VersionInUseError if it is still needed.

    A version needs a successor, unless it is the only one and was imported or fitted, which can be repeated.
    """
    has_others = sa.exists().where(feature_set.c.name == recipe.name, feature_set.c.id != recipe.id)
    if connection.execute(sa.select(has_others)).scalar_one():
        _require_successor(connection, recipe)
    elif recipe.name in available_feature_sets():
        raise VersionInUseError(
            f"version {recipe.version} is the only version of {recipe.name}; "
            "it can be removed once another version exists"
        )
    needed_models = _models_to_keep(connection)
    models = connection.execute(
        sa.select(model_feature_set.c.model_id)
        .where(model_feature_set.c.feature_set_id == recipe.id)
        .order_by(model_feature_set.c.model_id)
    )
    found = tuple(models.scalars())
    for model_id in found:
        if model_id in needed_models:
            raise VersionInUseError(
                f"model {model_id}, {needed_models[model_id]}, uses these vectors; first train on others: catalog train"
            )
    vectors = connection.execute(
        sa.select(sa.func.count()).where(feature_vector.c.feature_set_id == recipe.id)
    ).scalar_one()
    return Removal(vectors, found)


def _require_successor(connection: Connection, recipe: StoredFeatureSet) -> None:
    active = active_feature_set(connection, recipe.name)
    if active is None or active.id == recipe.id:
        raise VersionInUseError(
            f"version {recipe.version} of {recipe.name} is active; first activate another one: "
            f"catalog features activate {recipe.name} VERSION"
        )
    short, failed = tracks_lacking_version(connection, active, recipe)
    if short:
        and_failed = f" ({failed:,} of them failed: catalog failures list)" if failed else ""
        raise VersionInUseError(
            f"version {active.version} is missing for {pluralize(short, 'track')} with version {recipe.version}"
            f"{and_failed}; first run: catalog analyze --feature-set {recipe.name}"
        )


def remove_version(connection: Connection, recipe: StoredFeatureSet) -> Removal:
    """Deletes the vectors and failures of a version. Raises VersionInUseError, as `plan_removal`.

    Its row stays while a model or a cluster run refers to it.
    """
    found = plan_removal(connection, recipe)
    connection.execute(sa.delete(feature_vector).where(feature_vector.c.feature_set_id == recipe.id))
    connection.execute(sa.delete(failure).where(failure.c.feature_set_id == recipe.id))
    is_named = sa.or_(
        *(
            sa.exists().where(table.c.feature_set_id == feature_set.c.id)
            for table in (model_feature_set, cluster_run)
        )
    )
    connection.execute(sa.delete(feature_set).where(feature_set.c.id == recipe.id, ~is_named))
    return found


def _counts(connection: Connection, query: sa.Select[int | None, int], table: sa.Table) -> dict[int, int]:
    """Listed tracks by feature set."""
    rows = connection.execute(
        query.join_from(table, track, track.c.id == table.c.track_id)
        .where(IS_LISTED)
        .group_by(table.c.feature_set_id)
    )
    return {recipe_id: count for recipe_id, count in rows if recipe_id is not None}


def _models_to_keep(connection: Connection) -> dict[int, str]:
    """The models that must keep working, each with the reason: active, candidate, and the target of a rollback."""
    columns = (model.c.id, model.c.status)
    found = {
        row.id: "the active model" if row.status == "active" else "a candidate"
        for row in connection.execute(sa.select(*columns).where(model.c.status.in_(["active", "candidate"])))
    }
    previous = connection.execute(
        sa.select(model.c.id).where(model.c.status == "retired").order_by(model.c.promoted_at.desc()).limit(1)
    ).scalar()
    if previous is not None:
        found[previous] = "the target of a rollback"
    return found
