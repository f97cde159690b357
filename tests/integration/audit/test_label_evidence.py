"""What the labels are doubted by, where a model learned from several feature sets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from catalog.audit.labels import label_evidence
from catalog.audit.labels.label_evidence import Evidence, gather_evidence
from catalog.db.database import Database
from catalog.features.stored_feature_set import register_feature_set
from catalog.features.vectors import store_vector
from catalog.learning.dataset.exclusion import excluded_genres
from catalog.learning.registry.registry import require_active
from catalog.learning.training import train
from catalog.learning.training_options import TrainingOptions
from tests.integration.labeled_collection import BLOBS, Filled

BESIDE = replace(BLOBS, name="summary", dimensions=("tempo", "flux"))


@pytest.mark.parametrize("learned_from", [("blobs",), ("blobs", "summary")])
def test_the_first_feature_set_has_the_neighbors_and_the_other_an_opinion(
    database: Database,
    fill_labeled: Callable[..., Filled],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    learned_from: tuple[str, ...],
) -> None:
    monkeypatch.setattr(label_evidence, "FURTHER_FEATURE_SETS", ("blobs", "summary"))
    filled = fill_labeled()
    every = sorted(one for ids in filled.tracks.values() for one in ids)
    with database.write() as connection:
        recipe = register_feature_set(connection, BESIDE)
        for track_id in every:
            store_vector(connection, recipe, track_id, np.array([track_id, -track_id], np.float32))
    assert train(database, tmp_path, TrainingOptions(feature_sets=learned_from)).outcome == "promoted"
    evidence = _evidence(database)
    assert evidence.audited.vectors is not None
    assert evidence.audited.vectors.shape == (len(evidence.track_ids), len(BLOBS.dimensions))
    (further,) = evidence.audited.further
    assert further[:, 0].tolist() == evidence.track_ids.tolist()


def _evidence(database: Database) -> Evidence:
    with database.read() as connection:
        return gather_evidence(connection, require_active(connection), excluded_genres(connection, ()))
