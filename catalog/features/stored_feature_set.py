"""The recipes a catalog knows: a feature set of the program as a row of `feature_set`."""

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
    """Whether it is what its name stands for; of a name at most one is."""


def register_feature_set(connection: Connection, features: FeatureSet) -> StoredFeatureSet:
    """The recipe of a feature set, with a row made where there is none yet.

    The first recipe of a name is its active one; a later version stands beside it until `activate`.
    """
    known = find_feature_set(connection, features.hash)
    if known is not None:
        return known
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
    words = tag_dimensions(features.dimensions)
    if words:
        rows = [{"network": network, "tag": tag} for network, tag in words]
        connection.execute(insert_into(connection, network_tag).values(rows).on_conflict_do_nothing())
    made = find_feature_set(connection, features.hash)
    assert made is not None
    return made


def _moment(connection: Connection) -> datetime:
    """The present time, and after all failures, which are none of a new recipe's, whatever clocks say."""
    latest = connection.execute(sa.select(sa.func.max(failure.c.failed_at))).scalar()
    present = server_time(connection)
    return present if latest is None else max(present, latest + timedelta(microseconds=1))


def find_feature_set(connection: Connection, recipe_hash: str) -> StoredFeatureSet | None:
    """The recipe with that hash, or None."""
    return _recipe(connection.execute(_rows().where(feature_set.c.hash == recipe_hash)).one_or_none())


def active_feature_set(connection: Connection, name: str) -> StoredFeatureSet | None:
    """The recipe that a name stands for, or None where nothing was computed by that name yet."""
    found = _rows().where(feature_set.c.name == name, feature_set.c.active)
    return _recipe(connection.execute(found).one_or_none())


def activate_feature_set(connection: Connection, recipe: StoredFeatureSet) -> None:
    """Makes a recipe what its name stands for, in place of another version."""
    is_it = feature_set.c.id == recipe.id
    connection.execute(
        sa.update(feature_set)
        .where(feature_set.c.name == recipe.name)
        .values(active=sa.case((is_it, True), else_=False))
    )


def tag_dimensions(dimensions: tuple[str, ...]) -> dict[tuple[str, str], int]:
    """Where a vector holds the probability of a word: (network, tag) -> position.

    Such a dimension is named `<network>.tag.<word>`; a word may have dots in it.
    """
    found = {}
    for position, name in enumerate(dimensions):
        network, _, rest = name.partition(".")
        kind, _, word = rest.partition(".")
        if kind == "tag":
            found[network, word] = position
    return found


def _rows() -> sa.Select[int, str, int, str, list[str], bool]:
    columns = feature_set.c
    return sa.select(
        columns.id, columns.name, columns.version, columns.hash, columns.dimensions, columns.active
    )


def _recipe(row: Row[int, str, int, str, list[str], bool] | None) -> StoredFeatureSet | None:
    return (
        None
        if row is None
        else StoredFeatureSet(row.id, row.name, row.version, row.hash, tuple(row.dimensions), row.active)
    )
