"""A snapshot: a frozen training set, identified by a hash of its content."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from catalog.arrays import Integers
from catalog.db.tables import prediction, snapshot, snapshot_member
from catalog.db.upsert import insert_row
from catalog.learning.dataset.class_support import Level
from catalog.learning.dataset.groups import Groups


@dataclass(frozen=True, slots=True)
class ClassRule:
    """The rule by which a genre is a class."""

    minimum_tracks: int
    minimum_artists: int
    level: Level
    excluded: tuple[str, ...] = ()
    """Genres that are excluded with all narrower ones."""


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A training set of n tracks."""

    rule: ClassRule
    seed: int
    track_ids: Integers
    """(n,)."""
    classes: tuple[int, ...]
    """Genre ids; the columns of probabilities are in this order."""
    y: Integers
    """(n,): the class of each track, as a column."""
    groups: Groups

    @property
    def hash(self) -> str:
        """BLAKE2b-128 in hex over the rule, the seed, and every track with its class and group."""
        digest = hashlib.blake2b(digest_size=16)
        rule: list[Any] = [self.rule.minimum_tracks, self.rule.minimum_artists, self.rule.level, self.seed]
        if self.rule.excluded:
            rule.append(list(self.rule.excluded))
        digest.update(json.dumps([rule, self.classes]).encode())
        for part in (self.track_ids, self.y, self.groups.number):
            digest.update(np.ascontiguousarray(part, dtype="<i8").tobytes())
        return digest.hexdigest()


def find_snapshot(connection: Connection, frozen: Snapshot) -> int | None:
    """The id of the snapshot's row, if it is stored."""
    return connection.execute(sa.select(snapshot.c.id).where(snapshot.c.hash == frozen.hash)).scalar()


def store_snapshot(connection: Connection, frozen: Snapshot, fold: Integers) -> int:
    """Stores the snapshot and its members unless they exist; returns the id of its row."""
    stored = find_snapshot(connection, frozen)
    if stored is not None:
        return stored
    parameters = {
        "min_tracks": frozen.rule.minimum_tracks,
        "min_artists": frozen.rule.minimum_artists,
        "seed": frozen.seed,
        **({"excluded_genres": list(frozen.rule.excluded)} if frozen.rule.excluded else {}),
    }
    snapshot_id = insert_row(
        connection,
        snapshot,
        hash=frozen.hash,
        level=frozen.rule.level,
        parameters=parameters,
        tracks=len(frozen.track_ids),
        classes=len(frozen.classes),
        groups=len(frozen.groups.sizes),
    )
    rows = [
        {
            "snapshot_id": snapshot_id,
            "track_id": int(track_id),
            "genre_id": frozen.classes[column],
            "group_id": int(group),
            "fold": int(part),
        }
        for track_id, column, group, part in zip(
            frozen.track_ids, frozen.y, frozen.groups.number, fold, strict=True
        )
    ]
    connection.execute(sa.insert(snapshot_member), rows)
    return int(snapshot_id)


def out_of_fold_members(model_row: RowMapping, *columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
    """The query of a model's training tracks with their out-of-fold predictions, in the order of their ids."""
    is_out_of_fold = sa.and_(
        prediction.c.track_id == snapshot_member.c.track_id,
        prediction.c.model_id == model_row["id"],
        prediction.c.fold.is_not(None),
    )
    return (
        sa.select(*columns)
        .join_from(snapshot_member, prediction, is_out_of_fold)
        .where(snapshot_member.c.snapshot_id == model_row["snapshot_id"])
        .order_by(snapshot_member.c.track_id)
    )
