"""The versions of a feature set side by side: who has which, switching, and removing one that nothing needs."""

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
from catalog.errors import CatalogError
from catalog.features.stored_feature_set import StoredFeatureSet, active_feature_set, find_feature_set

SHORTEST_HASH = 4
"""Letters of a hash that say which one is meant."""
IS_THERE = track.c.state != "missing"


class UnknownVersionError(CatalogError):
    """No version, or more than one, is what was asked for."""


class VersionInUseError(CatalogError):
    """A version that cannot be removed yet, and what has to happen first."""


@dataclass(frozen=True)
class Version:
    """A recipe and how far it has come."""

    name: str
    version: int
    hash: str
    active: bool
    """Whether it is what its name stands for."""
    tracks: int
    """Tracks that are not missing and have a vector."""
    without: int
    """Tracks that are not missing and have none."""
    failed: int
    """Of these, those that failed."""
    created_at: datetime


@dataclass(frozen=True)
class Removal:
    """What removing a version takes away."""

    vectors: int
    models: tuple[int, ...]
    """Models that took these vectors; they cannot be put in force again."""


def list_versions(connection: Connection) -> list[Version]:
    """Every recipe by name, newest first within a name."""
    tracks = connection.execute(sa.select(sa.func.count()).where(IS_THERE).select_from(track)).scalar_one()
    heard = _counts(connection, sa.select(feature_vector.c.feature_set_id, sa.func.count()), feature_vector)
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
            heard.get(row.id, 0),
            tracks - heard.get(row.id, 0),
            failed.get(row.id, 0),
            row.created_at,
        )
        for row in rows
    ]


def activate_version(connection: Connection, name: str, wanted: str) -> StoredFeatureSet:
    """The recipe of that name whose version number, or the start of whose hash (four letters or more), is `wanted`. Raises UnknownVersionError."""
    rows = connection.execute(
        sa.select(feature_set.c.version, feature_set.c.hash).where(feature_set.c.name == name)
    ).all()
    if not rows:
        names = connection.execute(sa.select(feature_set.c.name).distinct().order_by(feature_set.c.name))
        known = ", ".join(names.scalars()) or "none was computed yet"
        raise UnknownVersionError(f"there is no feature set {name!r}; known are: {known}")
    found = [row.hash for row in rows if str(row.version) == wanted]
    if not found and len(wanted) >= SHORTEST_HASH:
        found = [row.hash for row in rows if row.hash.startswith(wanted.lower())]
    if len(found) != 1:
        known = ", ".join(f"{row.version} ({row.hash[:8]})" for row in rows)
        problem = "no version" if not found else "more than one version"
        raise UnknownVersionError(f"{problem} of {name} is {wanted!r}; there are: {known}")
    recipe = find_feature_set(connection, found[0])
    assert recipe is not None
    return recipe


def tracks_lacking_version(
    connection: Connection, recipe: StoredFeatureSet, than: StoredFeatureSet
) -> tuple[int, int]:
    """Tracks that have a vector of `than` and none of `recipe`, and how many of these failed."""
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
        .where(feature_vector.c.feature_set_id == than.id, IS_THERE, has_none)
    )
    return connection.execute(count).scalar_one(), connection.execute(count.where(has_failed)).scalar_one()


def plan_removal(connection: Connection, recipe: StoredFeatureSet) -> Removal:
    """What removing a version would take away. Raises VersionInUseError where it is still needed.

    A version needs a successor, unless it is the only one and nothing that this program computes: what was imported or
    fitted can be so again.
    """
    has_others = sa.exists().where(feature_set.c.name == recipe.name, feature_set.c.id != recipe.id)
    if connection.execute(sa.select(has_others)).scalar_one():
        _require_successor(connection, recipe)
    elif recipe.name in available_feature_sets():
        raise VersionInUseError(
            f"version {recipe.version} is what {recipe.name} stands for, and its only one: it stays until there is "
            "another one to switch to"
        )
    in_force = _models_in_force(connection)
    models = connection.execute(
        sa.select(model_feature_set.c.model_id)
        .where(model_feature_set.c.feature_set_id == recipe.id)
        .order_by(model_feature_set.c.model_id)
    )
    found = tuple(models.scalars())
    for model_id in found:
        if model_id in in_force:
            raise VersionInUseError(
                f"model {model_id}, {in_force[model_id]}, takes these vectors; "
                "learn from others first: catalog train"
            )
    vectors = connection.execute(
        sa.select(sa.func.count()).where(feature_vector.c.feature_set_id == recipe.id)
    ).scalar_one()
    return Removal(vectors, found)


def _require_successor(connection: Connection, recipe: StoredFeatureSet) -> None:
    active = active_feature_set(connection, recipe.name)
    if active is None or active.id == recipe.id:
        raise VersionInUseError(
            f"version {recipe.version} is what {recipe.name} stands for; "
            f"switch to another one first: catalog features use {recipe.name} VERSION"
        )
    short, failed = tracks_lacking_version(connection, active, recipe)
    if short:
        and_failed = f" ({failed:,} of them failed: catalog failures list)" if failed else ""
        raise VersionInUseError(
            f"{short:,} tracks have a vector of version {recipe.version} and none of version {active.version} "
            f"yet{and_failed}; first run: catalog analyze --feature-set {recipe.name}"
        )


def remove_version(connection: Connection, recipe: StoredFeatureSet) -> Removal:
    """Deletes the vectors and failures of a version that `removal` lets go. Raises VersionInUseError.

    Its row stays while a model or a clustering names it, so that these can still say what they were made of.
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
    """Tracks that are not missing, by recipe."""
    rows = connection.execute(
        query.join_from(table, track, track.c.id == table.c.track_id)
        .where(IS_THERE)
        .group_by(table.c.feature_set_id)
    )
    return {recipe_id: count for recipe_id, count in rows if recipe_id is not None}


def _models_in_force(connection: Connection) -> dict[int, str]:
    """The models that must go on working: the one in force, one on its way there, the one a rollback goes back to."""
    columns = (model.c.id, model.c.status)
    found = {
        row.id: "which is in force" if row.status == "active" else "which is about to be in force"
        for row in connection.execute(sa.select(*columns).where(model.c.status.in_(["active", "candidate"])))
    }
    previous = connection.execute(
        sa.select(model.c.id).where(model.c.status == "retired").order_by(model.c.promoted_at.desc()).limit(1)
    ).scalar()
    if previous is not None:
        found[previous] = "to which a rollback goes back"
    return found
