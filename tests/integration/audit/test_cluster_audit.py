"""The cluster audit on a real database: what is stored, read by today's labels, compared, and refused."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import sqlalchemy as sa
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score, v_measure_score

from catalog.audio.feature_set import FeatureSet
from catalog.audit.clusters import cluster_space
from catalog.audit.clusters.cluster_audit import ClusterRequest, NothingToClusterError, audit_clusters
from catalog.audit.clusters.cluster_comparison import compare_runs
from catalog.audit.clusters.cluster_evidence import cluster_evidence, read_findings
from catalog.audit.clusters.cluster_labels import at_level, load_labels
from catalog.audit.clusters.cluster_run import UnknownClusterRunError, list_runs, load_assignments, read_run
from catalog.audit.clusters.cluster_space import load_points
from catalog.db.database import Database
from catalog.db.derived.track_status import refresh_track_status
from catalog.db.tables import audit, cluster_count, cluster_run, genre, statement, track
from catalog.features.stored_feature_set import active_feature_set, register_feature_set
from catalog.features.vectors import store_vector
from catalog.genres.vocabulary import UnknownGenreError
from tests.integration.labeled_collection import BLOBS, DIMENSIONS, Filled, tag

Fill = Callable[..., Filled]
EVERY = ("kmeans", "gaussian_mixture", "hdbscan", "agglomerative")


def relabel(database: Database, track_ids: list[int], name: str) -> None:
    with database.write() as connection:
        genre_id = connection.execute(sa.select(genre.c.id).where(genre.c.name == name)).scalar_one()
        for track_id in track_ids:
            tag(connection, track_id, genre_id, name)
        refresh_track_status(connection, track_ids)


def spoil(database: Database, track_ids: list[int]) -> None:
    """Gives these tracks vectors with a number that is none."""
    with database.write() as connection:
        recipe = register_feature_set(connection, BLOBS)
        for track_id in track_ids:
            vector = np.zeros(DIMENSIONS, np.float32)
            vector[3] = np.nan
            store_vector(connection, recipe, track_id, vector)


def number(database: Database, table: sa.Table) -> int:
    with database.read() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


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


def test_planted_wrong_tags_are_evidence(database: Database, fill_labeled: Fill) -> None:
    filled = fill_labeled(spread=0.3)
    wrong = filled.tracks["Jazz"][:6]
    relabel(database, wrong, "Metal")
    audit_clusters(database, ClusterRequest())
    with database.read() as connection:
        found = cluster_evidence(connection)["blobs"]
    assert found, "the deeper half of six"
    assert {one.track_id for one in found} <= set(wrong)
    # Twelve tracks of Jazz and three wrong ones by the other artist.
    assert [one.share for one in found] == pytest.approx([12 / 15] * len(found))
    relabel(database, wrong, "Jazz")
    with database.read() as connection:
        assert cluster_evidence(connection)["blobs"] == [], "labels are those of today"


def test_a_tag_that_narrower_suggestions_is_no_other_genre(database: Database, fill_labeled: Fill) -> None:
    filled = fill_labeled(spread=0.3)
    relabel(database, filled.tracks["Metal"][:6], "Death Metal")
    audit_clusters(database, ClusterRequest())
    with database.read() as connection:
        found = cluster_evidence(connection)["blobs"]
    assert {one.track_id for one in found} & set(filled.tracks["Metal"][:6])
    relabel(database, filled.tracks["Metal"][:12], "Death Metal")
    with database.read() as connection:
        assert cluster_evidence(connection)["blobs"] == [], "Metal among Death Metal is right"


def test_tracks_that_went_are_left_out_of_what_is_read(database: Database, fill_labeled: Fill) -> None:
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


def test_levels_and_genres_left_out(database: Database, fill_labeled: Fill) -> None:
    filled = fill_labeled(("Jazz", "Metal", "Death Metal"))
    with database.read() as connection:
        ids = dict(connection.execute(sa.select(genre.c.name, genre.c.id)).all())
        labels = load_labels(connection, "top")
        assert set(labels.genres.tolist()) == {0, ids["Jazz"], ids["Rock"]}
        assert load_labels(connection, 99).genres.tolist() == load_labels(connection).genres.tolist()
        for name in ("metal", "Metal Music", "(9)", "id3:9"):
            without = load_labels(connection, exclude=(name,))
            assert without.excluded == 36
        assert set(without.genres.tolist()) == {0, ids["Jazz"]}
        with pytest.raises(UnknownGenreError, match="genres list"):
            load_labels(connection, exclude=("Blorp",))
    done = audit_clusters(database, ClusterRequest(exclude=("Metal",), level="top"))
    assert (done.excluded, done.labeled) == (36, len(filled.tracks["Jazz"]))


def test_the_level_counts_from_above() -> None:
    broader = {1: None, 2: 1, 3: 2, 4: None}
    levels = ("leaf", "top", 1, 2, 3, 9)
    assert [at_level(3, broader, level) for level in levels] == [3, 1, 1, 2, 3, 3]
    assert [at_level(4, broader, level) for level in levels] == [4] * 6


def test_what_cannot_be_done_is_refused_before_any_work(database: Database, fill_labeled: Fill) -> None:
    with pytest.raises(NothingToClusterError, match="catalog analyze"):
        audit_clusters(database, ClusterRequest())
    fill_labeled(artists=1, each=2, untagged=0)
    with pytest.raises(NothingToClusterError, match="available: blobs"):
        audit_clusters(database, ClusterRequest(feature_sets=("summary",)))
    with pytest.raises(NothingToClusterError, match="6 have a vector"):
        audit_clusters(database, ClusterRequest(clusters=6))
    with pytest.raises(ValueError, match="known are: kmeans"):
        ClusterRequest(algorithms=("dbscan",))
    with pytest.raises(ValueError, match="by itself"):
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
