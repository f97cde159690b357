"""One musicnn network as published, without folded layers: the peer of this project's networks.

The layers are: batch-norm; five parallel convolutions, each with ReLU, batch-norm and the maximum over frequency; three
convolutions over all features with residual sums around the last two; maximum and mean over time; batch-norm, dense,
ReLU, batch-norm, dense, sigmoid. Random weights are sufficient, because the time does not depend on the weights.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

Weights = Mapping[str, npt.NDArray[np.float32]]

FRAMES, BANDS = 187, 96
FRONT = (((7, 38), 204), ((7, 67), 204), ((128, 1), 51), ((64, 1), 51), ((32, 1), 51))  # kernel, filters
MIDDLE, PENULTIMATE, TAGS = 64, 200, 50


def random_weights(seed: int = 0) -> dict[str, npt.NDArray[np.float32]]:
    """Random weights with TensorFlow's names and the shapes of the real ones."""
    random = np.random.default_rng(seed)
    weights: dict[str, npt.NDArray[np.float32]] = {}

    def layer(kind: str, number: int, parts: Mapping[str, tuple[int, ...]]) -> None:
        name = f"{kind}_{number}" if number else kind
        for part, shape in parts.items():
            scale = 1 / np.sqrt(np.prod(shape[:-1])) if part == "kernel" else 1
            values = random.standard_normal(shape) * scale
            weights[f"{name}/{part}"] = (np.abs(values) + 0.1 if "variance" in part else values).astype(
                np.float32
            )

    front, width = (
        sum(filters for _, filters in FRONT),
        2 * (sum(filters for _, filters in FRONT) + 3 * MIDDLE),
    )
    kernels = [(*kernel, 1, filters) for kernel, filters in FRONT]
    kernels += [(7, front, 1, MIDDLE), (7, MIDDLE, 1, MIDDLE), (7, MIDDLE, 1, MIDDLE)]
    for number, kernel in enumerate(kernels):
        layer("conv2d", number, {"kernel": kernel, "bias": kernel[-1:]})
    for number, size in enumerate([1, *(kernel[-1] for kernel in kernels), width, PENULTIMATE]):
        parts = ("gamma", "beta", "moving_mean", "moving_variance")
        layer("batch_normalization", number, dict.fromkeys(parts, (size,)))
    layer("dense", 0, {"kernel": (width, PENULTIMATE), "bias": (PENULTIMATE,)})
    layer("dense", 1, {"kernel": (PENULTIMATE, TAGS), "bias": (TAGS,)})
    return weights


def model(weights: Weights | None = None) -> onnx.ModelProto:
    """A network with input `patch` (1, 1, FRAMES, BANDS) and outputs `penultimate` (1, 200) and `tags` (1, 50)."""
    weights = random_weights() if weights is None else weights
    nodes: list[onnx.NodeProto] = []
    constants: list[onnx.TensorProto] = []

    def constant(name: str, values: npt.NDArray[np.float32]) -> str:
        if all(one.name != name for one in constants):
            constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def add(operation: str, *inputs: str, to: str, **attributes: Any) -> str:
        nodes.append(helper.make_node(operation, list(inputs), [to], **attributes))
        return to

    def batch_norm(source: str, number: int, to: str) -> str:
        name = f"batch_normalization_{number}" if number else "batch_normalization"
        parts = [f"{name}/{part}" for part in ("gamma", "beta", "moving_mean", "moving_variance")]
        inputs = [constant(part, weights[part]) for part in parts]
        return add("BatchNormalization", source, *inputs, to=to, epsilon=0.001)

    def convolution(source: str, number: int, axes: tuple[int, ...]) -> str:
        name = f"conv2d_{number}" if number else "conv2d"
        kernel = weights[f"{name}/kernel"]
        before = (len(kernel) - 1) // 2
        inputs = [
            constant(f"{name}/kernel", kernel.transpose(axes)),
            constant(f"{name}/bias", weights[f"{name}/bias"]),
        ]
        pads = [before, 0, len(kernel) - 1 - before, 0]
        relu = add("Relu", add("Conv", source, *inputs, to=name, pads=pads), to=f"{name}.relu")
        return batch_norm(relu, number + 1, f"{name}.normal")

    def dense(source: str, number: int) -> str:
        name = f"dense_{number}" if number else "dense"
        inputs = [constant(f"{name}/{part}", weights[f"{name}/{part}"]) for part in ("kernel", "bias")]
        return add("Gemm", source, *inputs, to=name)

    normal = batch_norm("patch", 0, "normal")
    fronts = [
        add("ReduceMax", convolution(normal, number, (3, 2, 0, 1)), to=f"front{number}", axes=[3], keepdims=1)
        for number in range(len(FRONT))
    ]
    outputs = [add("Concat", *fronts, to="front", axis=1)]
    for number in range(len(FRONT), len(FRONT) + 3):
        new = convolution(outputs[-1], number, (3, 1, 0, 2))
        outputs.append(new if len(outputs) == 1 else add("Add", new, outputs[-1], to=f"sum{number}"))
    features = add("Concat", *outputs, to="features", axis=1)
    pooled = [add(kind, features, to=kind, axes=[2], keepdims=0) for kind in ("ReduceMax", "ReduceMean")]
    flat = add("Flatten", add("Concat", *pooled, to="pool", axis=2), to="flat")
    hidden = add("Relu", dense(batch_norm(flat, len(FRONT) + 4, "pool.normal"), 0), to="dense.relu")
    add("Sigmoid", dense(batch_norm(hidden, len(FRONT) + 5, "penultimate"), 1), to="tags")

    def value(name: str, shape: list[int]) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

    graph = helper.make_graph(
        nodes,
        "musicnn",
        [value("patch", [1, 1, FRAMES, BANDS])],
        [
            value("penultimate", [1, weights["dense/bias"].size]),
            value("tags", [1, weights["dense_1/bias"].size]),
        ],
        constants,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
