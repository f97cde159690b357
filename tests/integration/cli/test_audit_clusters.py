"""`catalog audit clusters` as a person runs it: tables, JSON, CSV, looking at runs, and what it refuses."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa

from catalog.db.database import Database
from catalog.db.tables import cluster_run
from tests.integration.audit.clustered_collection import relabel, spoil
from tests.integration.cli.conftest import Invoke
from tests.integration.labeled_collection import Filled

Fill = Callable[..., Filled]


def test_runs_are_shown_kept_and_compared(
    database: Database, fill_labeled: Fill, invoke: Invoke, tmp_path: Path
) -> None:
    filled = fill_labeled(spread=0.3)
    relabel(database, filled.tracks["Jazz"][:6], "Metal")
    done = invoke("audit", "clusters", "--algorithm", "kmeans", "--algorithm", "hdbscan", "--json")
    assert done.code == 0
    runs = json.loads(done.out)
    assert [run["algorithm"] for run in runs] == ["kmeans", "hdbscan"]
    assert runs[0]["outcome"]["agreement"]["v_measure"].keys() == {"value", "chance"}
    listed = list(csv.DictReader(io.StringIO(invoke("audit", "clusters", "--list", "--csv").out)))
    assert listed[0]["run"] == str(runs[1]["id"])
    assert float(listed[-1]["purity_by_chance"]) < float(listed[-1]["purity"])
    shown = invoke("audit", "clusters", "--show", runs[0]["id"])
    assert shown.code == 0
    for words in ("Clusters", "most scattered", "same clusters", "deep inside another genre's"):
        assert words in shown.out
    read = json.loads(invoke("audit", "clusters", "--show", runs[0]["id"], "--json").out)
    assert {row["genre"] for row in read["misplaced"]} == {"Metal"}
    assert read["misplaced"][0]["cluster_genre"] == "Jazz"
    rows = list(
        csv.DictReader(io.StringIO(invoke("audit", "clusters", "--show", runs[0]["id"], "--csv").out))
    )
    assert [row["title"] for row in rows] == [row["title"] for row in read["misplaced"]]
    assert invoke("audit", "clusters", "--show", runs[0]["id"], "--plot", tmp_path / "clusters.svg").code == 0
    cells = list(csv.DictReader(io.StringIO((tmp_path / "clusters.data.csv").read_text())))
    assert sum(int(cell["Tracks"]) for cell in cells) == runs[0]["outcome"]["labeled"]
    compared = invoke("audit", "clusters", "--compare", runs[0]["id"], runs[0]["id"])
    assert "adjusted Rand 1.000" in compared.err
    table = invoke("audit", "clusters", "--list")
    assert "adjusted_rand" in table.out
    assert "random clusters" in table.err


def test_what_there_is_nothing_to_compare_with_is_said(
    database: Database, fill_labeled: Fill, invoke: Invoke
) -> None:
    filled = fill_labeled(("Jazz",), untagged=20)
    spoil(database, filled.tracks[None][:1])
    done = invoke("audit", "clusters")
    assert done.code == 0
    assert "all labels at this level are Jazz" in done.err
    assert "1 track skipped: non-finite values in the blobs vector" in done.err


def test_a_dry_run_says_what_would_be_done(database: Database, fill_labeled: Fill, invoke: Invoke) -> None:
    fill_labeled()
    plan = json.loads(invoke("audit", "clusters", "--dry-run", "--clusters", 5, "--json").out)
    assert plan == [{"feature_set": "blobs", "algorithm": "kmeans", "tracks": 66, "numbers": [5]}]
    table = invoke("audit", "clusters", "--dry-run", "--clusters", 5)
    assert table.out.splitlines()[1].split() == ["blobs", "kmeans", "66", "5"]
    with database.read() as connection:
        assert connection.execute(sa.select(cluster_run.c.id)).all() == []


USAGE = [
    (["--algorithm", "dbscan"], "kmeans"),
    (["--algorithm", "hdbscan", "--clusters", "3"], "determines the number of clusters"),
    (["--clusters", "1"], "x>=2"),
    (["--level", "0"], "neither leaf, top"),
    (["--list", "--show", "1"], "cannot be used together"),
    (["--list", "--plot", "clusters.svg"], "--plot needs the run to plot: --show RUN"),
    (["--list", "--seed", "4"], "--seed applies to a new run"),
]
REFUSED = [
    (["--show", "99"], "there is no cluster run 99; see: catalog audit clusters --list"),
    (["--compare", "1", "2"], "there is no cluster run 1"),
    (["--feature-set", "musicnn"], "available: blobs"),
    (["--exclude-genre", "Blorp"], "there is no genre 'Blorp'"),
    (["--clusters", "66"], "66 clusters need at least 67 tracks"),
]


def test_what_cannot_be_done_is_one_line(fill_labeled: Fill, invoke: Invoke) -> None:
    fill_labeled()
    for arguments, words in USAGE:
        refused = invoke("audit", "clusters", *arguments)
        assert refused.code == 2, arguments
        assert words in refused.err
    for arguments, words in REFUSED:
        refused = invoke("audit", "clusters", *arguments)
        assert refused.code == 1, arguments
        assert words in refused.err
        assert len(refused.err.strip().splitlines()) == 1


def test_an_empty_catalog_says_what_to_do(invoke: Invoke) -> None:
    refused = invoke("audit", "clusters")
    assert (refused.code, refused.out) == (1, "")
    assert "catalog analyze" in refused.err
    empty = invoke("audit", "clusters", "--list", "--json")
    assert (empty.code, json.loads(empty.out)) == (0, [])
