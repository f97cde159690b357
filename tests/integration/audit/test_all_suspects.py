"""The ranking of suspects from several kinds of evidence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa

from catalog.audit.clusters.cluster_audit import ClusterRequest as ClustersWanted
from catalog.audit.clusters.cluster_audit import audit_clusters
from catalog.audit.clusters.cluster_evidence import outliers_by_feature_set
from catalog.audit.labels.label_audit import audit_labels
from catalog.db.database import Database
from catalog.db.tables import suspect
from catalog.learning.training import train
from catalog.review.decision import decide, track_suspect, undo
from tests.integration.audit.mislabeled_collection import (
    WANTED,
    Fill,
    genre_id,
    mistag,
    suspects,
    tag_in_order,
    tags,
)


def test_one_wrong_tag_among_right_ones_is_replaced_alone(
    database: Database, fill_labeled: Fill, tmp_path: Path
) -> None:
    filled = fill_labeled()
    track_id = filled.tracks["Jazz"][0]
    genres = tag_in_order(database, track_id, "Jazz", "Polka", "Metal")
    train(database, tmp_path, WANTED)
    audit_labels(database)
    assert suspects(database) == [(track_id, "Metal", "Jazz")]
    with database.write() as connection:
        doubt = track_suspect(connection, track_id)
        assert doubt.genre_id == genres["Metal"]
        done = decide(connection, [doubt], "relabel", "ada", genre_id=genres["Ambient"])
        assert tags(connection, track_id) == ["Jazz", "Polka", "Ambient"]
        undo(connection, done.batch, "ada")
        assert tags(connection, track_id) == ["Jazz", "Polka", "Metal"]
        decide(connection, [doubt], "accept", "ada")
        assert tags(connection, track_id) == ["Jazz", "Polka"]


def test_clusters_are_a_reason_and_change_no_suspicion(
    database: Database, fill_labeled: Fill, tmp_path: Path
) -> None:
    filled = fill_labeled(spread=0.2)
    mistag(database, filled.tracks["Jazz"][::3], "Metal")
    train(database, tmp_path, WANTED)
    first = audit_labels(database)
    before = reasons(database)
    assert not any("cluster" in kinds for _, kinds in before.values())
    audit_clusters(database, ClustersWanted())
    with database.read() as connection:
        deep = {one.track_id for one in outliers_by_feature_set(connection)["blobs"]}
    second = audit_labels(database)
    after = reasons(database)
    assert (first.audit_id, second.is_new) != (second.audit_id, False), "it is an audit of its own"
    assert {track_id: one for track_id, (one, _) in after.items()} == {
        track_id: one for track_id, (one, _) in before.items()
    }
    told = {track_id: kinds["cluster"] for track_id, (_, kinds) in after.items() if "cluster" in kinds}
    assert set(told) == deep & set(after)
    assert told
    assert {reason["genre_id"] for reason in told.values()} == {genre_id(database, "Jazz")}


def reasons(database: Database) -> dict[int, tuple[float, dict[str, Any]]]:
    """Suspicion and reasons by kind, by track, of the latest audit."""
    with database.read() as connection:
        latest = sa.select(sa.func.max(suspect.c.audit_id)).scalar_subquery()
        rows = connection.execute(
            sa.select(suspect.c.track_id, suspect.c.suspicion, suspect.c.reasons).where(
                suspect.c.audit_id == latest
            )
        )
        return {
            track_id: (suspicion, {reason["kind"]: reason for reason in found})
            for track_id, suspicion, found in rows
        }
