"""Model registry: stored models, their feature sets and class support, and the active model."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from catalog.db.columns import now
from catalog.db.derived.confusion import refresh_confusion
from catalog.db.derived.track_status import refresh_track_status
from catalog.db.tables import feature_set, model, model_class, model_feature_set, snapshot, snapshot_member
from catalog.db.upsert import insert_row
from catalog.errors import CatalogError
from catalog.features.stored_feature_set import StoredFeatureSet, find_feature_set
from catalog.learning.dataset.class_support import Support
from catalog.learning.dataset.snapshot import Snapshot
from catalog.learning.registry.library_versions import library_versions

ZERO_SHOT = "zero_shot"


class NoModelError(CatalogError):
    """The model does not exist."""


@dataclass(frozen=True)
class NewModel:
    """The values of a new model's row."""

    algorithm: str
    parameters: Mapping[str, Any]
    snapshot_id: int | None
    classes: Sequence[int]
    metrics: Mapping[str, Any]
    threshold: float | None
    seed: int | None
    feature_set_ids: Sequence[int]
    artifact: str | None = None
    artifact_sha256: str | None = None


def active_model(connection: Connection) -> RowMapping | None:
    """The row of the active model, if there is one."""
    return connection.execute(sa.select(model).where(model.c.status == "active")).mappings().one_or_none()


def require_active(connection: Connection) -> RowMapping:
    """The row of the active model. Raises NoModelError."""
    row = active_model(connection)
    if row is None:
        raise NoModelError("there is no active model; run: catalog train")
    return row


def get_model(connection: Connection, model_id: int) -> RowMapping:
    """The row of a model. Raises NoModelError."""
    row = connection.execute(sa.select(model).where(model.c.id == model_id)).mappings().one_or_none()
    if row is None:
        raise NoModelError(f"there is no model {model_id}; see: catalog models list")
    return row


def model_feature_sets(connection: Connection, model_id: int) -> tuple[StoredFeatureSet, ...]:
    """The feature sets of a model, in the order of its vector columns."""
    hashes = connection.execute(
        sa.select(feature_set.c.hash)
        .join_from(model_feature_set, feature_set)
        .where(model_feature_set.c.model_id == model_id)
        .order_by(model_feature_set.c.position)
    ).scalars()
    feature_sets = [find_feature_set(connection, one) for one in hashes.all()]
    return tuple(features for features in feature_sets if features is not None)


def find_model(
    connection: Connection, algorithm: str, parameters: Mapping[str, Any], snapshot_id: int | None
) -> RowMapping | None:
    """The active model or a candidate with the same recipe and training set, if there is one."""
    rows = connection.execute(
        sa.select(model)
        .where(
            model.c.algorithm == algorithm,
            model.c.status.in_(["active", "candidate"]),
            model.c.snapshot_id.is_not_distinct_from(snapshot_id),
        )
        .order_by(model.c.status, model.c.id)
    ).mappings()
    stored = json.loads(json.dumps(dict(parameters)))
    return next((row for row in rows if row["parameters"] == stored), None)


def add_model(connection: Connection, new: NewModel, support: Mapping[int, Support]) -> int:
    """Stores a candidate with its feature sets and the support of all genres. Returns its id."""
    model_id = insert_row(
        connection,
        model,
        algorithm=new.algorithm,
        parameters=dict(new.parameters),
        snapshot_id=new.snapshot_id,
        class_order=list(new.classes),
        artifact=new.artifact,
        artifact_sha256=new.artifact_sha256,
        metrics=dict(new.metrics),
        threshold=new.threshold,
        seed=new.seed,
        versions=library_versions(),
        status="candidate",
    )
    for position, feature_set_id in enumerate(new.feature_set_ids):
        connection.execute(
            sa.insert(model_feature_set).values(
                model_id=model_id, feature_set_id=feature_set_id, position=position
            )
        )
    store_support(connection, model_id, support)
    return model_id


def store_support(connection: Connection, model_id: int, support: Mapping[int, Support]) -> bool:
    """Replaces the class support of a model. Returns whether it changed."""
    rows = [
        {
            "model_id": model_id,
            "genre_id": row.genre_id,
            "tracks": row.tracks,
            "artists": row.artists,
            "albums": row.albums,
            "counts_for_id": row.counts_for,
            "judged": row.judged,
            "reason": row.reason or "",
        }
        for row in sorted(support.values(), key=lambda row: row.genre_id)
    ]
    of_model = model_class.c.model_id == model_id
    stored = connection.execute(sa.select(model_class).where(of_model).order_by(model_class.c.genre_id))
    if [dict(row) for row in stored.mappings()] == rows:
        return False
    connection.execute(sa.delete(model_class).where(of_model))
    if rows:
        connection.execute(sa.insert(model_class), rows)
    return True


def promote(connection: Connection, model_id: int) -> None:
    """Activates a model and updates the status of all tracks, in the caller's transaction."""
    get_model(connection, model_id)
    connection.execute(
        sa.update(model).where(model.c.status == "active", model.c.id != model_id).values(status="retired")
    )
    connection.execute(
        sa.update(model).where(model.c.id == model_id).values(status="active", promoted_at=now())
    )
    refresh_confusion(connection, model_id)
    refresh_track_status(connection)


def update_metrics(connection: Connection, model_id: int, **changes: Any) -> None:
    """Sets metrics of a model; the others are kept."""
    metrics = {**get_model(connection, model_id)["metrics"], **changes}
    connection.execute(sa.update(model).where(model.c.id == model_id).values(metrics=metrics))


def reject(connection: Connection, model_id: int, reason: str) -> None:
    """Marks a candidate that the gate rejected."""
    update_metrics(connection, model_id, rejected=reason)
    connection.execute(sa.update(model).where(model.c.id == model_id).values(status="rejected"))


def previous_model(connection: Connection) -> RowMapping:
    """The model that was active before the current one. Raises NoModelError."""
    row = (
        connection.execute(
            sa.select(model).where(model.c.status == "retired").order_by(model.c.promoted_at.desc()).limit(1)
        )
        .mappings()
        .one_or_none()
    )
    if row is None:
        raise NoModelError("there is no earlier model to activate")
    return row


def list_models(connection: Connection) -> list[dict[str, Any]]:
    """A row for each model, newest first: id, status, algorithm, tracks, classes, accuracy, macro F1, creation time."""
    rows = connection.execute(sa.select(model).order_by(model.c.id.desc())).mappings()
    return [
        {
            "model_id": row["id"],
            "status": row["status"],
            "algorithm": row["algorithm"],
            "tracks": row["metrics"].get("tracks"),
            "classes": len(row["class_order"]),
            "accuracy": row["metrics"].get("accuracy", {}).get("value"),
            "macro_f1": row["metrics"].get("macro_f1", {}).get("value"),
            "created_at": row["created_at"],
        }
        for row in rows
    ]


def changed_since_training(connection: Connection, current: Snapshot | None) -> int:
    """Number of tracks added to, removed from or relabeled in the training set since the active model was trained.

    `current` is today's training set, None if there are too few labels. Tracks deleted from the catalog count as
    removed, although the stored training set does not list them. Without a trained model all current tracks count.
    """
    labels: set[tuple[int, int]] = set()
    if current is not None:
        genres = [current.classes[column] for column in current.y.tolist()]
        labels = set(zip(current.track_ids.tolist(), genres, strict=True))
    row = active_model(connection)
    if row is None or row["snapshot_id"] is None:
        return len(labels)
    members = connection.execute(
        sa.select(snapshot_member.c.track_id, snapshot_member.c.genre_id).where(
            snapshot_member.c.snapshot_id == row["snapshot_id"]
        )
    )
    trained = {(member.track_id, member.genre_id) for member in members}
    tracks: int = connection.execute(
        sa.select(snapshot.c.tracks).where(snapshot.c.id == row["snapshot_id"])
    ).scalar_one()
    return len({track_id for track_id, _ in labels ^ trained}) + tracks - len(trained)
