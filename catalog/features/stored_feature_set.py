"""Feature sets as rows of `feature_set`: register, find, activate."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from catalog.audio.feature_set import FeatureSet
from catalog.db.server_time import server_time
from catalog.db.tables import failure, feature_set, network_tag
from catalog.db.upsert import insert_into


@dataclass(frozen=True)
class StoredFeatureSet:
    """A row of `feature_set`."""

    id: int
    name: str
    version: int
    hash: str
    dimensions: tuple[str, ...]
    active: bool
    """Whether it is the active version of its name; at most one version is."""


def register_feature_set(connection: Connection, features: FeatureSet) -> StoredFeatureSet:
    """The row of a feature set, inserted if needed.

    The first version of a name is active; a later version becomes active by `activate_feature_set`.
    """
    existing = find_feature_set(connection, features.hash)
    if existing is not None:
        return existing
    is_first = ~sa.exists().where(feature_set.c.name == features.name, feature_set.c.active)
    connection.execute(
        insert_into(connection, feature_set)
        .values(
            name=features.name,
            version=features.version,
            parameters=dict(features.parameters),
            dimensions=list(features.dimensions),
            hash=features.hash,
            active=connection.execute(sa.select(is_first)).scalar_one(),
            created_at=_moment(connection),
        )
        .on_conflict_do_nothing()
    )
    tags = tag_dimensions(features.dimensions)
    if tags:
        rows = [{"network": network, "tag": tag} for network, tag in tags]
        connection.execute(insert_into(connection, network_tag).values(rows).on_conflict_do_nothing())
    registered = find_feature_set(connection, features.hash)
    assert registered is not None
    return registered


def _moment(connection: Connection) -> datetime:
    """The present time, but later than every failure: earlier failures must not count for a new version."""
    latest = connection.execute(sa.select(sa.func.max(failure.c.failed_at))).scalar()
    present = server_time(connection)
    return present if latest is None else max(present, latest + timedelta(microseconds=1))


def find_feature_set(connection: Connection, feature_set_hash: str) -> StoredFeatureSet | None:
    """The feature set with that hash, or None."""
    return _from_row(connection.execute(_rows().where(feature_set.c.hash == feature_set_hash)).one_or_none())


def active_feature_set(connection: Connection, name: str) -> StoredFeatureSet | None:
    """The active version of a name, or None if the name is not in the catalog."""
    query = _rows().where(feature_set.c.name == name, feature_set.c.active)
    return _from_row(connection.execute(query).one_or_none())


def activate_feature_set(connection: Connection, features: StoredFeatureSet) -> None:
    """Makes a feature set the active version of its name."""
    is_this = feature_set.c.id == features.id
    connection.execute(
        sa.update(feature_set)
        .where(feature_set.c.name == features.name)
        .values(active=sa.case((is_this, True), else_=False))
    )


def tag_dimensions(dimensions: tuple[str, ...]) -> dict[tuple[str, str], int]:
    """The dimensions that hold tag probabilities: (network, tag) -> position.

    Such a dimension is named `<network>.tag.<tag>`; a tag may contain dots.
    """
    query = {}
    for position, name in enumerate(dimensions):
        network, _, rest = name.partition(".")
        kind, _, tag = rest.partition(".")
        if kind == "tag":
            query[network, tag] = position
    return query


def _rows() -> sa.Select[int, str, int, str, list[str], bool]:
    columns = feature_set.c
    return sa.select(
        columns.id, columns.name, columns.version, columns.hash, columns.dimensions, columns.active
    )


def _from_row(row: Row[int, str, int, str, list[str], bool] | None) -> StoredFeatureSet | None:
    return (
        None
        if row is None
        else StoredFeatureSet(row.id, row.name, row.version, row.hash, tuple(row.dimensions), row.active)
    )
