"""Known: what makes a model what it is, and whether there is that very model already."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import Connection, RowMapping

from catalog.learning.classifiers.local_per_parent import class_chains, has_sub_genres
from catalog.learning.dataset.snapshot import Snapshot, find_snapshot
from catalog.learning.registry.artifact import ArtifactRejectedError, read_artifact
from catalog.learning.registry.registry import find_model

if TYPE_CHECKING:
    from catalog.learning.training import TrainingOptions, TrainingSet


def model_parameters(
    material: TrainingSet, wanted: TrainingOptions, complete: Mapping[str, Any]
) -> dict[str, Any]:
    """All that makes a model of a snapshot what it is, the `complete` parameters of its classifier among it."""
    return {
        "classifier": complete,
        "precision": wanted.precision,
        **({} if wanted.projection is None else {"projection": wanted.projection}),
        **({"hierarchy": wanted.hierarchy} if has_sub_genres(class_chains(material.hierarchy)) else {}),
        "vectors": hashlib.blake2b(material.X.reshape(-1).view(np.uint8).data, digest_size=16).hexdigest(),
    }


def find_identical_model(
    connection: Connection,
    models: Path,
    frozen: Snapshot,
    wanted: TrainingOptions,
    parameters: Mapping[str, Any],
) -> RowMapping | None:
    """The row of this very model, if it exists, its file is whole, and it has all the scores that are wanted."""
    snapshot_id = find_snapshot(connection, frozen)
    row = None if snapshot_id is None else find_model(connection, wanted.algorithm, parameters, snapshot_id)
    if row is None or (wanted.split is not None and "official_split" not in row["metrics"]):
        return None
    try:
        read_artifact(models, row["artifact"], row["artifact_sha256"])
    except ArtifactRejectedError:
        return None
    return row
