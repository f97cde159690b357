"""The installed command in an environment that says nothing about threads, or asks for several."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

from catalog.audio.feature_set import FeatureSet
from catalog.db.database import open_database
from catalog.db.derived.track_status import refresh_track_status
from catalog.db.tables import artist, collection, genre, model, trial
from catalog.features.stored_feature_set import register_feature_set
from catalog.features.vectors import store_vector
from tests.integration.labeled_collection import add_track, tag

COMPARE = ("train", "--compare", "--algorithm", "logistic_regression", "--algorithm", "knn")
CATALOG = str(Path(sys.executable).with_name("catalog"))
DIMENSIONS = 1_000
WIDE = FeatureSet(
    name="wide",
    version=1,
    parameters={},
    dimensions=tuple(f"wide.{number}" for number in range(DIMENSIONS)),
    sample_rate=16_000,
    compute=lambda _waveform: np.zeros(DIMENSIONS, np.float32),
)
SPY = """
import atexit, json, os, sys

def look():
    from threadpoolctl import threadpool_info
    if "numpy" in sys.modules:
        with open(f"{os.path.dirname(__file__)}/{os.getpid()}.json", "w") as file:
            json.dump({"command": sys.orig_argv, "pools": threadpool_info()}, file)

atexit.register(look)
os.register_at_fork(after_in_child=look)
"""
"""A module that Python imports at each start. It writes the thread pools of a process at its end or after its fork."""


@pytest.fixture
def home(sqlite_template: Path, tmp_path: Path) -> Path:
    """A home with 150 labeled tracks, whose vectors are wide enough for BLAS to share among threads."""
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(sqlite_template, home / "catalog.db")
    database = open_database(f"sqlite:///{home / 'catalog.db'}")
    random = np.random.default_rng(3)
    with database.write() as connection:
        recipe = register_feature_set(connection, WIDE)
        place = connection.execute(
            sa.insert(collection).values(name="wide", kind="folder").returning(collection.c.id)
        ).scalar_one()
        for name in ("Jazz", "Metal", "Ambient"):
            genre_id = connection.execute(sa.select(genre.c.id).where(genre.c.name == name)).scalar_one()
            center = random.normal(0, 0.2, DIMENSIONS)
            for number in range(50):
                key = f"{name} {number // 5}"
                if number % 5 == 0:
                    row = (
                        sa.insert(artist).values(key=key, name=key, folded=key.lower()).returning(artist.c.id)
                    )
                    artist_id = connection.execute(row).scalar_one()
                track_id = add_track(connection, place, f"{name}/{number}.flac", artist_id)
                tag(connection, track_id, genre_id, name)
                vector = (center + random.normal(0, 1, DIMENSIONS)).astype(np.float32)
                store_vector(connection, recipe, track_id, vector)
        refresh_track_status(connection)
    database.close()
    return home


def run_installed(home: Path, *arguments: str, **variables: str) -> None:
    done = subprocess.run(
        [CATALOG, "--quiet", "--home", str(home), *arguments, "--feature-set", "wide"],
        env={"PATH": os.environ["PATH"], "HOME": str(home), **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
    )
    assert done.returncode == 0, done.stderr


def newest_model(home: Path) -> dict[str, Any]:
    database = open_database(f"sqlite:///{home / 'catalog.db'}")
    with database.read() as connection:
        row = dict(connection.execute(sa.select(model).order_by(model.c.id.desc())).mappings().first() or {})
    database.close()
    return row


def stored_outcomes(home: Path) -> list[Any]:
    database = open_database(f"sqlite:///{home / 'catalog.db'}")
    columns = (trial.c.algorithm, trial.c.parameters_hash, trial.c.fold, trial.c.scores)
    with database.read() as connection:
        rows = connection.execute(sa.select(*columns).order_by(*columns[:3])).all()
    database.close()
    return list(rows)


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one core has one thread in any case")
def test_the_command_and_its_workers_have_one_thread(home: Path, tmp_path: Path) -> None:
    spy = tmp_path / "spy"
    spy.mkdir()
    (spy / "sitecustomize.py").write_text(SPY)
    run_installed(home, *COMPARE, "--workers", "2", PYTHONPATH=str(spy))
    run_installed(home, "train", PYTHONPATH=str(spy))
    looks = [json.loads(file.read_text()) for file in spy.glob("*.json")]
    threads = {
        (" ".join(look["command"][:4]), pool["internal_api"], pool["num_threads"])
        for look in looks
        for pool in look["pools"]
    }
    assert {number for *_, number in threads} == {1}, threads
    libraries = {"openblas", "openmp"}
    workers = {api for command, api, _ in threads if "workers.process.worker_main" in command}
    commands = {api for command, api, _ in threads if CATALOG in command}
    assert len(workers) >= len(libraries), threads
    assert len(commands) >= len(libraries), threads


def test_outcomes_do_not_depend_on_the_number_of_processes(home: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(home, other)
    run_installed(home, *COMPARE, "--workers", "0")
    run_installed(other, *COMPARE, "--workers", "3")
    outcomes = stored_outcomes(home)
    assert len(outcomes) >= 4
    assert stored_outcomes(other) == outcomes


def test_a_model_is_the_same_byte_for_byte_with_any_number_of_threads(home: Path) -> None:
    models = []
    for variables in ({}, {"OMP_NUM_THREADS": "1"}, {"OMP_NUM_THREADS": "4", "OPENBLAS_NUM_THREADS": "4"}):
        run_installed(home, "train", "--force", **variables)
        models.append(newest_model(home))
    assert len({row["id"] for row in models}) == 3
    first, *others = models
    for row in others:
        assert row["artifact_sha256"] == first["artifact_sha256"]
        assert row["versions"] == first["versions"]
        assert _scores(row) == _scores(first)
    assert first["versions"]["threads"] == "1"
    assert first["versions"]["processor"]
    assert len(list((home / "models").iterdir())) == 1


def _scores(row: dict[str, Any]) -> dict[str, Any]:
    """The metrics without the model's number and the comparison with the active one, which the first does not have."""
    return {
        name: value
        for name, value in row["metrics"].items()
        if name not in {"gate", "forced", "predicted_from"}
    }
