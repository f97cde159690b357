"""The space for clustering, read in chunks."""

from __future__ import annotations

import numpy as np
import pytest

from catalog.audit.clusters import cluster_space
from catalog.audit.clusters.cluster_space import load_points
from catalog.audit.clusters.reference_labels import load_labels
from catalog.db.database import Database
from catalog.features.stored_feature_set import active_feature_set
from tests.integration.audit.clustered_collection import Fill


def test_points_do_not_depend_on_how_they_are_read(
    database: Database, fill_labeled: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_labeled()
    with database.read() as connection:
        recipe = active_feature_set(connection, "blobs")
        assert recipe is not None
        ids = load_labels(connection).track_ids
        whole = load_points(connection, recipe, ids)
        monkeypatch.setattr(cluster_space, "CHUNK", 11)
        parts = load_points(connection, recipe, ids)
    np.testing.assert_array_equal(whole.track_ids, parts.track_ids)
    np.testing.assert_allclose(whole.matrix, parts.matrix, atol=1e-5)
    assert 0.9 < whole.variance <= 1
