"""The cluster audit on a real database: what is stored, read by today's labels, compared, and refused."""

from __future__ import annotations

import numpy as np
import pytest
import sqlalchemy as sa

from catalog.audio.feature_set import FeatureSet
from catalog.audit.clusters import cluster_space
from catalog.audit.clusters.cluster_audit import ClusterRequest, NothingToClusterError, audit_clusters
from catalog.audit.clusters.cluster_evidence import read_findings
from catalog.audit.clusters.cluster_run_store import (
    UnknownClusterRunError,
    compare_runs,
    list_runs,
    load_assignments,
    read_run,
)
from catalog.db.database import Database
from catalog.db.derived.track_status import refresh_track_status
from catalog.db.tables import audit, cluster_count, cluster_run
from catalog.features.stored_feature_set import register_feature_set
from catalog.features.vectors import store_vector
from tests.integration.audit.clustered_collection import Fill, number, spoil

EVERY = ("kmeans", "gaussian_mixture", "hdbscan", "agglomerative")


def test_blobs_are_the_genres_more_than_by_chance_by_every_algorithm(
    database: Database, fill_labeled: Fill
) -> None:
    filled = fill_labeled(spread=0.2)
    done = audit_clusters(database, ClusterRequest(algorithms=EVERY))
    with database.read() as connection:
        runs = list_runs(connection, done.audit_id)
        assert [run.algorithm for run in runs] == list(EVERY)
        for run in runs:
            found = run.outcome.agreement
            assert found is not None
            assert found.adjusted_mutual_information > 0.1
            assert found.purity.value > found.purity.chance
            assert (run.outcome.tracks, run.outcome.labeled, run.outcome.genres) == (66, 54, 3)
        counted = connection.execute(
            sa.text(
                "SELECT genre, sum(tracks) FROM cluster_genre WHERE cluster_run_id = :run GROUP BY genre"
            ),
            {"run": runs[0].id},
        ).all()
    assert runs[0].clusters == 3
    assert runs[0].outcome.agreement is not None
    assert runs[0].outcome.agreement.adjusted_rand == pytest.approx(1)
    assert {name: int(tracks) for name, tracks in counted} == {
        name: len(tracks) for name, tracks in filled.tracks.items() if name is not None
    }


def test_the_seed_and_one_transaction_make_a_run(database: Database, fill_labeled: Fill) -> None:
    fill_labeled(spread=1.2)
    for seed in (3, 3, 4):
        audit_clusters(database, ClusterRequest(seed=seed))
    with database.read() as connection:
        third, second, first = list_runs(connection)
        assert compare_runs(connection, first.id, second.id).adjusted_rand == 1
        assert first.outcome == second.outcome
        assert (first.seed, third.seed) == (3, 4)
        started = connection.execute(sa.select(audit.c.finished_at).where(audit.c.kind == "clusters"))
        assert all(finished is not None for finished in started.scalars())


def test_a_dry_run_stores_nothing(database: Database, fill_labeled: Fill) -> None:
    fill_labeled()
    done = audit_clusters(database, ClusterRequest(algorithms=("kmeans", "hdbscan")), dry_run=True)
    assert [(one.feature_set, one.algorithm, one.tracks) for one in done.plan] == [
        ("blobs", "kmeans", 66),
        ("blobs", "hdbscan", 66),
    ]
    assert done.plan[1].numbers == ()
    assert number(database, cluster_run) == number(database, audit) == 0


def test_without_labels_or_with_one_genre_there_are_clusters_and_no_scores(
    database: Database, fill_labeled: Fill
) -> None:
    filled = fill_labeled(("Jazz",), untagged=20)
    done = audit_clusters(database, ClusterRequest())
    with database.write() as connection:
        connection.execute(sa.text("DELETE FROM label"))
        refresh_track_status(connection, filled.tracks["Jazz"])
    none = audit_clusters(database, ClusterRequest())
    assert (done.labeled, done.genres, none.labeled, none.genres) == (18, ("Jazz",), 0, ())
    with database.read() as connection:
        for run in list_runs(connection):
            assert run.outcome.agreement is None
            assert run.clusters >= 2
            assert run.outcome.silhouette is not None
            assert read_findings(connection, run.id).misplaced == []


def test_a_vector_that_is_no_number_is_left_out_and_counted(
    database: Database, fill_labeled: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster_space, "CHUNK", 7)
    filled = fill_labeled()
    spoiled = filled.tracks["Metal"][4:6]
    spoil(database, spoiled)
    done = audit_clusters(database, ClusterRequest())
    assert done.unusable == {"blobs": 2}
    with database.read() as connection:
        run = list_runs(connection)[0]
        assert set(spoiled).isdisjoint(load_assignments(connection, run.id).track_ids.tolist())
        assert (run.outcome.tracks, run.outcome.unusable) == (64, 2)
    spoil(database, [each for tracks in filled.tracks.values() for each in tracks])
    with pytest.raises(NothingToClusterError, match="non-finite"):
        audit_clusters(database, ClusterRequest())


def test_what_cannot_be_done_is_refused_before_any_work(database: Database, fill_labeled: Fill) -> None:
    with pytest.raises(NothingToClusterError, match="catalog analyze"):
        audit_clusters(database, ClusterRequest())
    fill_labeled(artists=1, each=2, untagged=0)
    with pytest.raises(NothingToClusterError, match="available: blobs"):
        audit_clusters(database, ClusterRequest(feature_sets=("summary",)))
    with pytest.raises(NothingToClusterError, match="6 have a vector"):
        audit_clusters(database, ClusterRequest(clusters=6))
    with pytest.raises(ValueError, match="choose from: kmeans"):
        ClusterRequest(algorithms=("dbscan",))
    with pytest.raises(ValueError, match="number of clusters itself"):
        ClusterRequest(algorithms=("hdbscan",), clusters=3)
    with database.read() as connection, pytest.raises(UnknownClusterRunError, match="--list"):
        read_run(connection, 77)
    assert number(database, audit) == number(database, cluster_count) == 0


def test_a_grid_is_clustered_by_name_only(database: Database, fill_labeled: Fill) -> None:
    filled = fill_labeled()
    grid = FeatureSet(
        name="grid",
        version=1,
        parameters={},
        dimensions=tuple(f"cell.{each}" for each in range(30)),
        sample_rate=16_000,
        compute=lambda _waveform: np.zeros(30, np.float32),
    )
    random = np.random.default_rng(0)
    with database.write() as connection:
        recipe = register_feature_set(connection, grid)
        for track_id in filled.tracks["Jazz"]:
            store_vector(connection, recipe, track_id, random.normal(-40, 9, 30).astype(np.float32))
    assert [one.feature_set for one in audit_clusters(database, ClusterRequest(), dry_run=True).plan] == [
        "blobs"
    ]
    audit_clusters(database, ClusterRequest(feature_sets=("grid",)))
    with database.read() as connection:
        newest = list_runs(connection)[0]
    assert (newest.feature_set, newest.outcome.tracks) == ("grid", 18)
