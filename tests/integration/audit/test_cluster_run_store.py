"""Stored cluster runs and their scores."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score, v_measure_score

from catalog.audit.clusters.cluster_audit import ClusterRequest, audit_clusters
from catalog.audit.clusters.cluster_run_store import list_runs, load_assignments
from catalog.audit.clusters.reference_labels import load_labels
from catalog.db.database import Database
from tests.integration.audit.clustered_collection import Fill


def test_scores_are_scikit_learns_on_what_was_stored(database: Database, fill_labeled: Fill) -> None:
    fill_labeled(spread=1.5)
    audit_clusters(database, ClusterRequest(algorithms=("kmeans", "hdbscan"), clusters=None))
    with database.read() as connection:
        labels = load_labels(connection)
        for run in list_runs(connection):
            placed = load_assignments(connection, run.id)
            assert run.outcome.noise == (placed.clusters == -1).sum()
            genres = labels.genres[labels.at(placed.track_ids)]
            clusters = np.where(placed.clusters < 0, -placed.track_ids, placed.clusters)[genres != 0]
            genres = genres[genres != 0]
            found = run.outcome.agreement
            assert found is not None
            assert found.adjusted_rand == pytest.approx(adjusted_rand_score(genres, clusters))
            assert found.adjusted_mutual_information == pytest.approx(
                adjusted_mutual_info_score(genres, clusters)
            )
            assert found.v_measure.value == pytest.approx(v_measure_score(genres, clusters))
            assert (run.outcome.clustered is None) == (run.outcome.noise == 0)
