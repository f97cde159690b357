"""What is timed is what it says, and the benchmarks run."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import sqlalchemy as sa

ROOT = Path(__file__).parents[3]


def load(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_plain_network_is_the_one_that_ships():
    plain = load(ROOT / "benchmarks" / "plain_network.py")
    tool = load(ROOT / "tools" / "make_networks.py")
    weights = plain.random_weights(3)
    patch = np.random.default_rng(3).random((1, 1, plain.FRAMES, plain.BANDS)).astype(np.float32)
    found = []
    for model in (plain.model(weights), tool.model([weights])):
        session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        found.append(session.run(["penultimate", "tags"], {"patch": patch}))
    for theirs, ours in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-3)


def test_contenders_are_timed(tmp_path):
    clips = load(ROOT / "benchmarks" / "clips.py")
    clips.write(tmp_path / "a.mp3", clips.music(0, 4))
    command = [
        sys.executable,
        str(ROOT / "benchmarks" / "extract.py"),
        "--json",
        "--rounds",
        "1",
        "--clips",
        str(tmp_path),
    ]
    command += ["--only", "decoding", "--only", "networks"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    found = json.loads(shown.stdout)
    for clock in ("processor", "clock"):
        assert set(found[f"one core, {clock}, ms"]) == {"decoding", "networks"}
        assert min(found[f"one core, {clock}, ms"].values()) > 0


def test_the_import_is_timed_beside_pandas(tmp_path):
    command = [sys.executable, str(ROOT / "benchmarks" / "import_fma.py"), "--json", "--rounds", "1"]
    command += ["--tracks", "30", "--folder", str(tmp_path / "fma")]
    shown = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    found = json.loads(shown.stdout)
    assert {"import_seconds", "again_seconds", "pandas_told_seconds", "database_megabytes"} <= found.keys()
    assert found["times_pandas_plain"] == found["import_seconds"] / found["pandas_plain_seconds"] > 0


def test_the_processor_time_of_a_server_grows_with_its_work(postgresql_server, monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    benchmark = load(ROOT / "benchmarks" / "import_fma.py")
    url = postgresql_server.set(database="postgres").render_as_string(hide_password=False)
    server = benchmark.postmaster(url)
    before = benchmark.server_seconds(server)
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        connection.exec_driver_sql("SELECT sum(sqrt(n)) FROM generate_series(1, 1000000) AS n")
    engine.dispose()
    assert 0.02 < benchmark.server_seconds(server) - before < 30
    assert benchmark.server_seconds(None) == 0
