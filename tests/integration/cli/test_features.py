"""The verb features, run as a person runs it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from catalog.audio.feature_set import FeatureSet
from catalog.audio.feature_sets.grid import GRID
from catalog.db.database import Database
from catalog.db.tables import artist, collection, track
from catalog.features.stored_feature_set import StoredFeatureSet, register_feature_set
from catalog.features.vectors import load_matrix, store_vector
from tests.integration.cli.conftest import Invoke


def add_tracks(database: Database, count: int) -> list[int]:
    """Tracks of an artist each."""
    with database.write() as connection:
        place = connection.execute(
            sa.insert(collection).values(name="music", kind="folder").returning(collection.c.id)
        ).scalar_one()
        found = []
        for number in range(count):
            name = f"artist {number}"
            who = connection.execute(
                sa.insert(artist).values(key=name, name=name, folded=name).returning(artist.c.id)
            ).scalar_one()
            row = {"collection_id": place, "path": f"{number}.mp3", "path_bytes": b"%d.mp3" % number}
            found.append(
                connection.execute(
                    sa.insert(track).values(**row, artist_id=who, file_signature=name).returning(track.c.id)
                ).scalar_one()
            )
    return found


def fake(version: int) -> FeatureSet:
    return FeatureSet("fake", version, {}, ("a",), 8_000, lambda _: np.zeros(1, np.float32))


@pytest.fixture
def versions(database: Database) -> tuple[StoredFeatureSet, StoredFeatureSet]:
    """Version 1 of three tracks, version 2 of two."""
    tracks = add_tracks(database, 3)
    with database.write() as connection:
        old, new = register_feature_set(connection, fake(1)), register_feature_set(connection, fake(2))
        for made, ids in ((old, tracks), (new, tracks[:2])):
            for track_id in ids:
                store_vector(connection, made, track_id, np.array([made.version], np.float32))
    return old, new


def test_list(invoke: Invoke, versions: tuple[StoredFeatureSet, StoredFeatureSet]) -> None:
    outcome = invoke("features", "list", "--json")
    rows = json.loads(outcome.out)
    assert outcome.code == 0
    assert [(row["version"], row["active"], row["installed"], row["tracks"]) for row in rows] == [
        (2, False, False, 2),
        (1, True, False, 3),
    ]
    assert "fake" in invoke("features", "list").out


def test_switching_and_back_is_one_command(
    invoke: Invoke, database: Database, versions: tuple[StoredFeatureSet, StoredFeatureSet]
) -> None:
    old, new = versions
    dry = invoke("features", "activate", "fake", "2", "--dry-run")
    assert dry.out == f"version 2 ({new.hash[:8]}) of fake would be active, 2 tracks\n"
    outcome = invoke("features", "activate", "fake", "2")
    assert (outcome.code, outcome.out) == (0, f"version 2 ({new.hash[:8]}) of fake is now active, 2 tracks\n")
    assert (
        "warning: 1 track lacks a vector of this version; run: catalog analyze --feature-set fake"
        in outcome.err
    )
    assert invoke("features", "activate", "fake", new.hash[:6]).out == "version 2 of fake is already active\n"
    assert (
        invoke("features", "activate", "fake", "1").out
        == f"version 1 ({old.hash[:8]}) of fake is now active, 3 tracks\n"
    )
    for wrong in (("fake", "7"), ("nothing", "1")):
        outcome = invoke("features", "activate", *wrong)
        assert (outcome.code, outcome.out, outcome.err.count("\n")) == (1, "", 1)


def test_remove_asks_and_refuses(
    invoke: Invoke, database: Database, versions: tuple[StoredFeatureSet, StoredFeatureSet]
) -> None:
    old, new = versions
    assert "of fake is active" in invoke("features", "remove", "fake", "1", "-y").err
    invoke("features", "activate", "fake", "2")
    refused = invoke("features", "remove", "fake", "1", "-y")
    assert (refused.code, refused.out) == (1, "")
    assert "version 2 is missing for 1 track with version 1" in refused.err
    with database.write() as connection:
        (last,) = set(load_matrix(connection, old)[0]) - set(load_matrix(connection, new)[0])
        store_vector(connection, new, int(last), np.array([2], np.float32))
    what = f"3 vectors of fake version 1 ({old.hash[:8]})"
    assert invoke("features", "remove", "fake", "1", "--dry-run").out == f"would delete {what}\n"
    asked = invoke("features", "remove", "fake", "1")
    assert asked.code != 0  # nobody is there to say yes
    with database.read() as connection:
        assert len(load_matrix(connection, old)[0]) == 3
    assert invoke("features", "remove", "fake", "1", "-y").out == f"deleted {what}\n"
    with database.read() as connection:
        assert len(load_matrix(connection, old)[0]) == 0
        assert len(load_matrix(connection, new)[0]) == 3


def test_check(invoke: Invoke) -> None:
    outcome = invoke("features", "check", "grid")
    assert (outcome.code, outcome.out) == (0, "grid version 1: ok\n")
    assert invoke("features", "check", "nothing").code == 2


def test_pca_is_fitted_once_stored_reported_and_drawn(
    invoke: Invoke, database: Database, home: Path, tmp_path: Path
) -> None:
    missing = invoke("features", "pca")
    assert (missing.code, missing.out) == (1, "")
    assert "catalog analyze --feature-set grid" in missing.err
    assert "catalog features pca" in invoke("analyze", "--feature-set", "pca").err
    tracks = add_tracks(database, 20)
    random = np.random.default_rng(0)
    shapes = random.normal(0, 10, (3, 4096))
    with database.write() as connection:
        grid = register_feature_set(connection, GRID)
        for track_id in tracks:
            vector = -40 + random.normal(0, 1, 3) @ shapes + random.normal(0, 0.1, 4096)
            store_vector(connection, grid, track_id, vector.astype(np.float32))
    picture = tmp_path / "curve.png"
    outcome = invoke("features", "pca", "--json", "--plot", picture)
    report = json.loads(outcome.out)
    assert (outcome.code, report["is_new"], report["projected"]) == (0, True, 20)
    facts = report["facts"]
    assert (facts["tracks"], facts["components"]) == (20, 3)
    assert facts["explained_variance"] > 0.97
    assert 0 < facts["error"] < 2
    assert facts["held_out_tracks"] == 4
    assert picture.read_bytes().startswith(b"\x89PNG")
    again = invoke("features", "pca")  # finds what there is
    assert "0 tracks projected" in again.out
    assert again.out.startswith("3 components explain 100.0% of the variance of the 20 training tracks; ")
    rows = json.loads(invoke("features", "list", "--json").out)
    assert [(row["feature_set"], row["tracks"]) for row in rows] == [("grid", 20), ("pca", 20)]
    with database.write() as connection:
        changed = np.full(len(GRID.dimensions), -3.0).astype(np.float32)
        store_vector(connection, grid, tracks[0], changed, file_signature="another")
    assert "20 tracks projected" in invoke("features", "pca", "--refit").out
    (newer, older) = (
        row for row in json.loads(invoke("features", "list", "--json").out) if row["feature_set"] == "pca"
    )
    assert (newer["active"], older["active"], newer["tracks"], older["tracks"]) == (True, False, 20, 20)
    files = set((home / "models").iterdir())
    assert len(files) == 2
    assert invoke("features", "remove", "pca", older["hash"], "-y").out.startswith(
        "deleted 20 vectors of pca"
    )
    assert len(set((home / "models").iterdir()) & files) == 1
    assert invoke("features", "pca").out.endswith(f"0 tracks projected; pca {newer['hash'][:8]}\n")
