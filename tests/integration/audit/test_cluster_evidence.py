"""Outliers and findings of stored runs by the current labels."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from catalog.audit.clusters.cluster_audit import ClusterRequest, audit_clusters
from catalog.audit.clusters.cluster_evidence import outliers_by_feature_set, read_findings
from catalog.audit.clusters.cluster_run_store import compare_runs, list_runs
from catalog.db.database import Database
from catalog.db.tables import statement, track
from tests.integration.audit.clustered_collection import Fill, relabel


def test_wrong_tags_are_outliers(database: Database, fill_labeled: Fill) -> None:
    filled = fill_labeled(spread=0.3)
    wrong = filled.tracks["Jazz"][:6]
    relabel(database, wrong, "Metal")
    audit_clusters(database, ClusterRequest())
    with database.read() as connection:
        found = outliers_by_feature_set(connection)["blobs"]
    assert found, "the deeper half of six"
    assert {one.track_id for one in found} <= set(wrong)
    # Twelve tracks of Jazz and three wrong ones by the other artist.
    assert [one.share for one in found] == pytest.approx([12 / 15] * len(found))
    relabel(database, wrong, "Jazz")
    with database.read() as connection:
        assert outliers_by_feature_set(connection)["blobs"] == [], "labels are those of today"


def test_a_narrower_cluster_is_not_an_outlier(database: Database, fill_labeled: Fill) -> None:
    filled = fill_labeled(spread=0.3)
    relabel(database, filled.tracks["Metal"][:6], "Death Metal")
    audit_clusters(database, ClusterRequest())
    with database.read() as connection:
        found = outliers_by_feature_set(connection)["blobs"]
    assert {one.track_id for one in found} & set(filled.tracks["Metal"][:6])
    relabel(database, filled.tracks["Metal"][:12], "Death Metal")
    with database.read() as connection:
        assert outliers_by_feature_set(connection)["blobs"] == [], "Metal among Death Metal is right"


def test_missing_tracks_are_left_out_of_the_findings(database: Database, fill_labeled: Fill) -> None:
    filled = fill_labeled()
    audit_clusters(database, ClusterRequest(clusters=3))
    lost, forgotten = filled.tracks["Jazz"][0], filled.tracks[None][0]
    with database.write() as connection:
        connection.execute(sa.update(track).where(track.c.id == lost).values(state="missing"))
        connection.execute(sa.delete(statement).where(statement.c.track_id == forgotten))
        connection.execute(sa.delete(track).where(track.c.id == forgotten))
    audit_clusters(database, ClusterRequest(clusters=3))
    with database.read() as connection:
        newest, oldest = list_runs(connection)
        reading = read_findings(connection, oldest.id)
        assert (reading.gone, sum(reading.sizes.values())) == (2, 64)
        assert (oldest.outcome.tracks, newest.outcome.tracks) == (66, 64)
        found = compare_runs(connection, oldest.id, newest.id)
    assert found.tracks == 64
    assert found.adjusted_rand == pytest.approx(1)
