"""The technical part: suspicion by genre, clusters against labels, boxes and the plane of `pca`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from catalog.audit.clusters.cluster_run_store import Assignments, Run, RunResult, store_run
from catalog.audit.clusters.contingency import cluster_agreement
from catalog.db import tables as t
from catalog.db.columns import now
from catalog.db.database import Database
from catalog.report.feature_distributions import GenreColors, group_panel, read_feature_distributions
from catalog.report.figures.cluster_genre_heatmap import MOST_COLUMNS, MOST_ROWS, arrange, read_cluster_map
from catalog.report.html_report import render_report
from catalog.report.report_data import read_report_data
from tests.integration.report.filled import add_vector, insert

pytestmark = pytest.mark.usefixtures("mapless")

RUN = Run(7, 1, now(), "musicnn", 1, "gaussian_mixture", 0, {}, 3, RunResult(0, 0, 0, 0, 0, None, None, None))


def test_doubts_are_counted_by_genre_and_tenth(filled: Database):
    facts = read_report_data(filled)
    metal = facts.suspicion.genres[0]
    assert metal.genre == "Metal"
    assert sum(metal.bins) == metal.suspects
    # Seven of the band's fourteen, from 0.97 down to 0.84, are above 0.9; nothing is doubted below 0.5.
    assert (metal.bins[9], sum(metal.bins[:5])) == (7, 0)
    assert sum(row.suspects for row in facts.suspicion.genres) == facts.cases.tracks
    assert facts.suspicion.highest == max(max(row.bins) for row in facts.suspicion.genres)


def test_no_doubts_no_table(database: Database):
    facts = read_report_data(database)
    assert (facts.suspicion.genres, facts.suspicion.highest) == ((), 0)
    assert "Flagged tags by genre" not in render_report(facts, name="Music")


tables = st.dictionaries(
    st.text("abcdefgh", min_size=1, max_size=5),
    st.dictionaries(st.integers(-1, 60), st.integers(1, 500), min_size=1).map(Counter),
    min_size=1,
    max_size=40,
)


@given(tables)
def test_a_cluster_map_loses_no_track(table: dict[str, Counter[int]]):
    found = arrange(RUN, table)
    assert len(found.rows) <= MOST_ROWS + 1
    assert len(found.columns) <= MOST_COLUMNS + 2
    assert sum(row.tracks for row in found.rows) == sum(counts.total() for counts in table.values())
    for at, (_, tracks) in enumerate(found.columns):
        assert sum(row.cells[at].tracks for row in found.rows) == tracks
    for row in found.rows:
        assert sum(cell.tracks for cell in row.cells) == row.tracks
        assert sum(cell.is_main for cell in row.cells) <= 1


def test_homes_stand_on_the_diagonal():
    table = {"Rock": Counter({4: 50, 2: 3}), "Jazz": Counter({0: 20, 4: 2}), "Folk": Counter({2: 9, -1: 2})}
    found = arrange(RUN, table)
    assert [name for name, _ in found.columns] == ["4", "0", "2", "no cluster"]
    homes = [[at for at, cell in enumerate(row.cells) if cell.is_main] for row in found.rows]
    assert homes == [[0], [1], [2]]


def store(database: Database, feature_set_id: int, clusters: Sequence[int]) -> None:
    with database.write() as connection:
        rows = connection.execute(
            sa.select(t.track_status.c.track_id, t.track_status.c.tagged_genre_id)
            .where(t.track_status.c.tagged_genre_id.is_not(None))
            .order_by(t.track_status.c.track_id)
            .limit(len(clusters))
        ).all()
        placed = Assignments(
            np.array([row.track_id for row in rows]), np.array(clusters), np.zeros(len(clusters), np.float32)
        )
        genres = np.array([row.tagged_genre_id for row in rows])
        outcome = RunResult(
            len(clusters), len(clusters), 11, 0, 0, None, cluster_agreement(genres, placed.clusters), None
        )
        audit = insert(connection, t.audit, kind="clusters", parameters={}, seed=0, finished_at=now())
        store_run(connection, audit, feature_set_id, "kmeans", {}, placed, outcome, genres)


def test_the_newest_run_over_the_models_vectors_is_shown(filled: Database):
    with filled.write() as connection:
        musicnn = int(connection.execute(sa.select(t.feature_set.c.id)).scalar_one())
        other = add_set(connection, "summary", ("mel.mean.01",))
        assert read_cluster_map(connection, "musicnn") is None
    store(filled, other, [0, 1] * 150)
    with filled.read() as connection:
        found = read_cluster_map(connection, "musicnn")
        assert found is not None
        assert found.feature_set == "summary", "better than nothing"
    store(filled, musicnn, [0, 1, 2] * 100)
    store(filled, other, [0, 1] * 150)
    facts = read_report_data(filled)
    assert facts.cluster_map is not None
    assert (facts.cluster_map.feature_set, facts.cluster_map.clusters) == ("musicnn", 3)
    assert sum(row.tracks for row in facts.cluster_map.rows) == 300
    assert "Run 2: kmeans over musicnn, 3 clusters" in render_report(facts, name="Music")


def add_set(connection: sa.Connection, name: str, dimensions: Sequence[str], **parameters: Any) -> int:
    return insert(
        connection,
        t.feature_set,
        name=name,
        version=1,
        parameters=parameters,
        dimensions=list(dimensions),
        hash=f"hash of {name}",
        active=True,
    )


def track_ids(connection: sa.Connection) -> list[int]:
    return list(connection.execute(sa.select(t.track.c.id).order_by(t.track.c.id)).scalars())


def test_boxes_are_percentiles():
    values = np.array([*range(101), 7.0, 7.0], dtype=float)
    found = group_panel("H", "dB", values, ["0"] * 101 + ["1"] * 2, ["Rock", "Jazz"])
    (box,) = found.boxes
    assert (box.name, box.tracks, box.median) == ("Rock", 101, 50.0)
    assert (found.low, found.high) == (10.0, 90.0)
    assert box.percentiles == pytest.approx((0.0, 0.1875, 0.5, 0.8125, 1.0))
    assert group_panel("H", "dB", np.ones(5), ["0"] * 5, ["Rock"]).boxes[0].percentiles == (0.0,) * 5
    assert group_panel("H", "dB", np.ones(2), ["0"] * 2, ["Rock"]).boxes == ()


def test_summary_vectors_make_panels(filled: Database):
    with filled.write() as connection:
        names = ("harmonic.mean.01", "harmonic.mean.02", "harmonic.std.01", "mel.mean.01")
        recipe = add_set(connection, "summary", names)
        for track in track_ids(connection):
            add_vector(connection, recipe, track, [track, track + 2, 1e6, -5.0])
        first = track_ids(connection)[0]
        connection.execute(
            sa.update(t.feature_vector)
            .where(t.feature_vector.c.feature_set_id == recipe, t.feature_vector.c.track_id == first)
            .values(vector=np.full(4, np.nan, np.float32))
        )
    facts = read_report_data(filled)
    found = facts.distributions
    assert [each.name for each in found.panels] == ["Harmonic part (H)", "Mel spectrum"]
    assert (found.tracks, found.analyzed) == (343, 344)
    # The mean of both bands and of nothing else.
    assert all(1 < box.median < 350 for box in found.panels[0].boxes)
    assert {box.median for box in found.panels[1].boxes} == {-5.0}
    assert [box.median for box in found.panels[0].boxes] == sorted(
        (box.median for box in found.panels[0].boxes), reverse=True
    )
    assert "Spectral contrast" not in render_report(facts, name="Music")


def test_the_curve_is_the_variance_of_grid_that_components_hold(filled: Database):
    random = np.random.default_rng(0)
    with filled.write() as connection:
        ids = track_ids(connection)
        cells = random.normal(0, 1, (len(ids), 6)) * [5, 3, 1, 0.5, 0.2, 0.1] + 40
        centered = cells - cells.mean(axis=0)
        axes = np.linalg.svd(centered, full_matrices=False)[2][:2]
        grid = add_set(connection, "grid", [f"grid.{at}" for at in range(6)])
        pca = add_set(connection, "pca", ("pca.001", "pca.002"), of="hash of grid")
        for track, cell, place in zip(ids, cells, centered @ axes.T, strict=True):
            add_vector(connection, grid, track, cell)
            add_vector(connection, pca, track, place)
    with filled.read() as connection:
        plane = read_feature_distributions(connection, GenreColors((), {})).plane
    assert plane is not None
    spread = np.linalg.svd(centered, compute_uv=False) ** 2
    assert plane.explained == pytest.approx((np.cumsum(spread) / spread.sum())[:2], abs=1e-5)
    assert {group for _, _, group in plane.dots} == {"other", "untagged"}
    assert all(0 <= x <= 1000 and 0 <= y <= 620 for x, y, _ in plane.dots)
    assert plane.curve.startswith("0.00,")
    assert "First two components of" in render_report(read_report_data(filled), name="Music")
    with filled.write() as connection:
        connection.execute(
            sa.delete(t.feature_vector).where(
                t.feature_vector.c.feature_set_id == grid, t.feature_vector.c.track_id == ids[0]
            )
        )
    with filled.read() as connection:
        plane = read_feature_distributions(connection, GenreColors((), {})).plane
    assert plane is not None
    assert (plane.explained, plane.curve) == ((), ""), "a share of what is not whole would be too large"
