"""The tool's folded graph against the plain formula of the network, on small random weights."""

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from scipy.signal import correlate

ROOT = Path(__file__).parents[3]
FRONT, LAST = [(7, 38), (7, 67), (128, 1), (64, 1), (32, 1)], 3


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("make_networks", ROOT / "tools" / "make_networks.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def random_weights(seed):
    """Few filters, but the real kernels; half of the scales are below zero, as trained ones can be."""
    random = np.random.default_rng(seed)
    weights = {}

    def number(count):
        return random.standard_normal(count).astype(np.float32)

    def normal(index, count):
        layer = f"batch_normalization_{index}" if index else "batch_normalization"
        for part in ("gamma", "beta", "moving_mean"):
            weights[f"{layer}/{part}"] = number(count)
        weights[f"{layer}/moving_variance"] = np.abs(number(count)) + np.float32(0.1)

    def convolution(index, shape):
        layer = f"conv2d_{index}" if index else "conv2d"
        weights[f"{layer}/kernel"] = number(shape) / np.float32(np.sqrt(np.prod(shape[:2])))
        weights[f"{layer}/bias"] = number(shape[3])

    filters = [4, 4, 2, 2, 2]
    for index, (kernel, count) in enumerate(zip(FRONT, filters, strict=True)):
        convolution(index, (*kernel, 1, count))
        normal(index + 1, count)
    for index, width in enumerate((sum(filters), 3, 3)):
        convolution(5 + index, (7, width, 1, 3))
        normal(6 + index, 3)
    normal(0, 1)
    pooled = 2 * (sum(filters) + 9)
    normal(9, pooled)
    normal(10, 6)
    weights["dense/kernel"], weights["dense/bias"] = number((pooled, 6)) / np.float32(5), number(6)
    weights["dense_1/kernel"], weights["dense_1/bias"] = number((6, LAST)), number(LAST)
    return weights


def plain(weights, patch):
    """The network as its authors describe it: nothing folded, in float64."""

    def normalized(x, index):
        layer = f"batch_normalization_{index}" if index else "batch_normalization"
        gamma, beta, mean, variance = (
            weights[f"{layer}/{part}"].astype(float)
            for part in ("gamma", "beta", "moving_mean", "moving_variance")
        )
        return gamma * (x - mean) / np.sqrt(variance + 0.001) + beta

    def convolved(x, index):
        layer = f"conv2d_{index}" if index else "conv2d"
        kernel = weights[f"{layer}/kernel"].astype(float)
        before = (len(kernel) - 1) // 2
        x = np.pad(x, [(before, len(kernel) - 1 - before), (0, 0)])
        outputs = [correlate(x, kernel[:, :, 0, n], mode="valid") for n in range(kernel.shape[3])]
        return np.maximum(np.stack(outputs, axis=-1) + weights[f"{layer}/bias"], 0)  # time, frequency, filter

    x = normalized(patch[:, :, None].astype(float), 0)[:, :, 0]
    front = np.concatenate([normalized(convolved(x, n), n + 1).max(axis=1) for n in range(5)], axis=1)
    first = normalized(convolved(front, 5), 6)[:, 0]
    second = normalized(convolved(first, 6), 7)[:, 0] + first
    third = normalized(convolved(second, 7), 8)[:, 0] + second
    features = np.concatenate([front, first, second, third], axis=1)
    pooled = np.stack([features.max(axis=0), features.mean(axis=0)], axis=1).ravel()
    dense = normalized(pooled, 9) @ weights["dense/kernel"] + weights["dense/bias"]
    penultimate = normalized(np.maximum(dense, 0), 10)
    return penultimate, 1 / (1 + np.exp(-(penultimate @ weights["dense_1/kernel"] + weights["dense_1/bias"])))


@pytest.mark.parametrize("seed", range(3))
def test_the_graph_is_the_plain_formula(tool, seed):
    networks = [random_weights(2 * seed), random_weights(2 * seed + 1)]
    patch = np.random.default_rng(seed).random((tool.FRAMES, tool.BANDS)).astype(np.float32) * 4
    model = tool.model(networks).SerializeToString()
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    found = session.run(["penultimate", "tags"], {"patch": patch[None, None]})
    for row, weights in enumerate(networks):
        for ours, theirs in zip(found, plain(weights, patch), strict=True):
            np.testing.assert_allclose(ours[row], theirs, rtol=1e-3, atol=1e-4)


def test_the_same_weights_give_the_same_files(tool, tmp_path, monkeypatch):
    for name, seed in (("MSD_musicnn", 1), ("MTT_musicnn", 2)):
        np.savez(tmp_path / f"{name}.npz", **random_weights(seed))
    tags = {"MSD_musicnn": ["a", "b", "c"], "MTT_musicnn": ["d", "e", "f"]}
    (tmp_path / "labels.json").write_text(json.dumps(tags))
    made = []
    for folder in (tmp_path / "one", tmp_path / "two"):
        folder.mkdir()
        monkeypatch.setattr(sys, "argv", ["make_networks", str(tmp_path), "--out", str(folder)])
        tool.main()
        made.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert made[0] == made[1]
    assert set(made[0]) == {"musicnn.onnx", "mel.npy", "tags.json"}
    assert json.loads(made[0]["tags.json"]) == {"msd": ["a", "b", "c"], "mtt": ["d", "e", "f"]}
    shipped = (ROOT / "catalog" / "audio" / "feature_sets" / "networks" / "mel.npy").read_bytes()
    assert made[0]["mel.npy"] == shipped
