"""What is timed is what it says, and the benchmarks run."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime

ROOT = Path(__file__).parents[3]


def load(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
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
        ROOT / "benchmarks" / "extract.py",
        "--json",
        "--rounds",
        "1",
        "--clips",
        tmp_path,
    ]
    command += ["--only", "decoding", "--only", "networks"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    found = json.loads(shown.stdout)
    for clock in ("processor", "clock"):
        assert set(found[f"one core, {clock}, ms"]) == {"decoding", "networks"}
        assert min(found[f"one core, {clock}, ms"].values()) > 0
