"""Model identity: finds an identical model that was trained before."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Connection, RowMapping

from catalog.learning.classifiers.local_per_parent import class_chains, has_sub_genres
from catalog.learning.dataset.snapshot import Snapshot, find_snapshot
from catalog.learning.registry.artifact import ArtifactRejectedError, read_artifact
from catalog.learning.registry.registry import find_model
from catalog.learning.training_options import TrainingOptions
from catalog.learning.training_set import TrainingSet


def model_parameters(
    training_set: TrainingSet, options: TrainingOptions, complete: Mapping[str, Any]
) -> dict[str, Any]:
    """The parameters that identify a model of a snapshot, with the `complete` parameters of its classifier."""
    has_local_classifiers = has_sub_genres(class_chains(training_set.hierarchy))
    return {
        "classifier": complete,
        "precision": options.precision,
        **({} if options.projection is None else {"projection": options.projection}),
        **({"hierarchy": options.hierarchy} if has_local_classifiers else {}),
        "vectors": hashlib.blake2b(
            training_set.X.reshape(-1).view(np.uint8).data, digest_size=16
        ).hexdigest(),
    }


def find_identical_model(
    connection: Connection,
    models: Path,
    frozen: Snapshot,
    options: TrainingOptions,
    parameters: Mapping[str, Any],
) -> RowMapping | None:
    """The row of the identical model, if its artifact is intact and it has all the scores that the options ask for."""
    snapshot_id = find_snapshot(connection, frozen)
    row = None if snapshot_id is None else find_model(connection, options.algorithm, parameters, snapshot_id)
    if row is None or (options.split is not None and row["metrics"]["official_split"] is None):
        return None
    try:
        read_artifact(models, row["artifact"], row["artifact_sha256"])
    except ArtifactRejectedError:
        return None
    return row
