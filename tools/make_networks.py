"""Makes the ONNX files of the two musicnn networks from their weights by variable name, and what goes with them.

    python tools/make_networks.py WEIGHTS_FOLDER [--out catalog/audio/networks]

WEIGHTS_FOLDER holds MSD_musicnn.npz, MTT_musicnn.npz (TensorFlow variable name -> array) and labels.json (the tags of
each network in order). Architecture: J. Pons, X. Serra, "musicnn: Pre-trained convolutional neural networks for music
audio tagging", 2019. The result is the same function, with what inference does not need folded away, each step exact
but for rounding:

- A batch-norm is a scale and an offset. Where a maximum over frequency follows, the maximum is taken first, because
  max(s * relu(x) + t) = s * relu(max(x)) + t for s >= 0; for s < 0 it is the minimum that counts, and the minimum is
  had by a convolution with the weights' signs turned.
- The batch-norm before the dense layer goes into its weights, and so does the interleaving of maximum and mean.

Beside them go the tags' names and the mel filters: librosa makes the latter, but importing librosa costs a worker more
than a second and 140 MB.
"""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import librosa
import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

Weights = Mapping[str, npt.NDArray[np.float32]]
Double = npt.NDArray[np.float64]

FRAMES, BANDS = 187, 96
EPSILON = 0.001
# In the order in which their outputs are joined: two over a range of frequency, three over time alone.
FRONT_CONVOLUTIONS = 5
# The opset that ONNX Runtime 1.20, the oldest that the project supports, knows in full, and its file version.
OPSET, IR_VERSION = 17, 8


def numbered(name: str, number: int) -> str:
    """TensorFlow's name of the n-th variable of a kind: `conv2d`, `conv2d_1`, ..."""
    return f"{name}_{number}" if number else name


def scale_and_offset(weights: Weights, number: int) -> tuple[Double, Double]:
    """The n-th batch-norm as x * scale + offset."""
    layer = numbered("batch_normalization", number)
    gamma, beta, mean, variance = (
        weights[f"{layer}/{part}"].astype(np.float64)
        for part in ("gamma", "beta", "moving_mean", "moving_variance")
    )
    scale = gamma / np.sqrt(variance + EPSILON)
    return scale, beta - mean * scale


def kernel_and_bias(weights: Weights, layer: str) -> tuple[Double, Double]:
    return weights[f"{layer}/kernel"].astype(np.float64), weights[f"{layer}/bias"].astype(np.float64)


class Graph:
    """The nodes and constants of one network as they come; `add` gives back the name of a node's output."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, name: str, values: Double | list[int]) -> str:
        array = np.asarray(values)
        kind = np.int64 if array.dtype.kind == "i" else np.float32
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array.astype(kind)), name))
        return name

    def add(self, operation: str, *inputs: str, to: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(operation, list(inputs), [to], name=to, **attributes))
        return to

    def scaled(self, source: str, scale: Double, offset: Double, shape: tuple[int, ...], to: str) -> str:
        product = self.add(
            "Mul", source, self.constant(f"{to}.scale", scale.reshape(shape)), to=f"{to}.product"
        )
        return self.add("Add", product, self.constant(f"{to}.offset", offset.reshape(shape)), to=to)


def front(graph: Graph, source: str, weights: Weights, number: int) -> str:
    """Convolution over time (and frequency), ReLU, batch-norm, maximum over frequency: (1, filters, FRAMES)."""
    name = f"front{number}"
    kernel, bias = kernel_and_bias(weights, numbered("conv2d", number))
    scale, offset = scale_and_offset(weights, number + 1)
    sign = np.where(scale < 0, -1.0, 1.0)
    filters, length = kernel.shape[3], kernel.shape[0]
    # "Same" over time; TensorFlow puts the odd one at the end.
    before = (length - 1) // 2
    convolved = graph.add(
        "Conv",
        source,
        graph.constant(f"{name}.kernel", (kernel * sign).transpose(3, 2, 0, 1)),
        to=f"{name}.convolution",
        pads=[before, 0, length - 1 - before, 0],
    )
    highest = graph.add("ReduceMax", convolved, to=f"{name}.highest", axes=[3], keepdims=0)
    level = graph.scaled(highest, sign, bias, (1, filters, 1), f"{name}.level")
    return graph.scaled(graph.add("Relu", level, to=f"{name}.relu"), scale, offset, (1, filters, 1), name)


def middle(graph: Graph, source: str, weights: Weights, number: int) -> str:
    """Convolution of seven frames over all features, ReLU, batch-norm: (1, 64, FRAMES)."""
    name = f"middle{number}"
    kernel, bias = kernel_and_bias(weights, numbered("conv2d", FRONT_CONVOLUTIONS + number))
    scale, offset = scale_and_offset(weights, FRONT_CONVOLUTIONS + 1 + number)
    filters, length = kernel.shape[3], kernel.shape[0]
    convolved = graph.add(
        "Conv",
        source,
        graph.constant(f"{name}.kernel", kernel[:, :, 0, :].transpose(2, 1, 0)),
        graph.constant(f"{name}.bias", bias),
        to=f"{name}.convolution",
        pads=[length // 2, length // 2],
    )
    return graph.scaled(graph.add("Relu", convolved, to=f"{name}.relu"), scale, offset, (1, filters, 1), name)


def back(graph: Graph, source: str, weights: Weights) -> None:
    """Maximum and mean over time, a dense layer (`penultimate`, 200) and the tags' probabilities (`tags`, 50)."""
    highest = graph.add("ReduceMax", source, to="pool.maximum", axes=[2], keepdims=0)
    mean = graph.add("ReduceMean", source, to="pool.mean", axes=[2], keepdims=0)
    pooled = graph.add("Concat", highest, mean, to="pool", axis=1)
    # The weights expect maximum and mean of the first feature, then of the second; here come all maxima first.
    kernel, bias = kernel_and_bias(weights, "dense")
    scale, offset = scale_and_offset(weights, FRONT_CONVOLUTIONS + 4)
    order = np.concatenate([np.arange(0, len(kernel), 2), np.arange(1, len(kernel), 2)])
    dense = graph.add(
        "Gemm",
        pooled,
        graph.constant("dense.kernel", (kernel * scale[:, None])[order]),
        graph.constant("dense.bias", bias + offset @ kernel),
        to="dense",
    )
    scale, offset = scale_and_offset(weights, FRONT_CONVOLUTIONS + 5)
    relu = graph.add("Relu", dense, to="dense.relu")
    penultimate = graph.scaled(relu, scale, offset, (1, len(scale)), "penultimate")
    kernel, bias = kernel_and_bias(weights, "dense_1")
    logits = graph.add(
        "Gemm",
        penultimate,
        graph.constant("tags.kernel", kernel),
        graph.constant("tags.bias", bias),
        to="logits",
    )
    graph.add("Sigmoid", logits, to="tags")


def network(weights: Weights, name: str) -> onnx.ModelProto:
    """The network as a model: `patch` (1, 1, FRAMES, BANDS) in, `penultimate` (1, 200) and `tags` (1, 50) out."""
    graph = Graph()
    scale, offset = scale_and_offset(weights, 0)
    normal = graph.scaled("patch", scale, offset, (1, 1, 1, 1), "normal")
    fronts = [front(graph, normal, weights, number) for number in range(FRONT_CONVOLUTIONS)]
    features = graph.add("Concat", *fronts, to="front", axis=1)
    first = middle(graph, features, weights, 0)
    second = graph.add("Add", middle(graph, first, weights, 1), first, to="middle1.sum")
    third = graph.add("Add", middle(graph, second, weights, 2), second, to="middle2.sum")
    back(graph, graph.add("Concat", features, first, second, third, to="features", axis=1), weights)

    def value(title: str, shape: list[int]) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(title, TensorProto.FLOAT, shape)

    outputs = [
        value("penultimate", [1, weights["dense/bias"].size]),
        value("tags", [1, weights["dense_1/bias"].size]),
    ]
    model = helper.make_model(
        helper.make_graph(
            graph.nodes, name, [value("patch", [1, 1, FRAMES, BANDS])], outputs, graph.constants
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="music-catalog",
        doc_string="musicnn, Music Technology Group, Universitat Pompeu Fabra 2019; see LICENSE.musicnn",
    )
    onnx.checker.check_model(model, full_check=True)
    return model


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the ONNX files of the musicnn networks.")
    parser.add_argument(
        "weights", type=Path, help="folder with MSD_musicnn.npz, MTT_musicnn.npz and labels.json"
    )
    parser.add_argument("--out", type=Path, default=Path("catalog/audio/networks"))
    arguments = parser.parse_args()
    labels = json.loads((arguments.weights / "labels.json").read_text("utf-8"))
    for short in ("msd", "mtt"):
        title = f"{short.upper()}_musicnn"
        with np.load(arguments.weights / f"{title}.npz", allow_pickle=False) as weights:
            model = network(weights, title)
        path = arguments.out / f"{short}.onnx"
        path.write_bytes(model.SerializeToString(deterministic=True))
        print(f"{path}: {path.stat().st_size / 1e6:.1f} MB")
    mel = librosa.filters.mel(sr=16000, n_fft=512, n_mels=BANDS)
    np.save(arguments.out / "mel.npy", mel.astype(np.float32), allow_pickle=False)
    tags = {short: labels[f"{short.upper()}_musicnn"] for short in ("msd", "mtt")}
    (arguments.out / "tags.json").write_text(json.dumps(tags, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
