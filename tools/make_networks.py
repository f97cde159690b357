"""Makes the ONNX file of the two musicnn networks from their weights, with the list of tags.

    python tools/make_networks.py WEIGHTS_FOLDER [--out catalog/audio/feature_sets/networks]

WEIGHTS_FOLDER holds MSD_musicnn.npz, MTT_musicnn.npz (TensorFlow variable name -> array) and labels.json (the tags of
each network in order). Architecture: J. Pons, X. Serra, "musicnn: Pre-trained convolutional neural networks for music
audio tagging", 2019. The result computes the same function. Operations that inference does not need are
folded; each step is exact except for rounding:

- A batch-norm is a scale and an offset. Where a maximum over frequency follows, the maximum is taken first, because
  max(s * relu(x) + t) = s * relu(max(x)) + t for s >= 0; for s < 0 the minimum is needed, which is
  computed by a convolution with negated weights.
- The batch-norm of the input goes into the first convolutions: its scale into their weights, its offset into their
  bias. The bias is another one near the ends, where some of the weights lie on zeros beyond the patch.
- So both networks take the same input, and the first convolutions of both are one. Their filters are filled up with
  zeros to whole machine vectors, without which ONNX Runtime brings every result into another order before the maximum.
- A convolution over a range of frequency is three of half the range instead of four (`over_frequency`).
- The batch-norm before the dense layer goes into its weights, and so does the interleaving of maximum and mean.

Beside it go the tags' names and the mel filters: librosa makes the latter, but importing librosa costs a worker more
than a second and 140 MB.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import librosa
import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

Weights = Mapping[str, npt.NDArray[np.float32]]
Double = npt.NDArray[np.float64]

# In the order of the rows of the model's outputs.
NETWORKS = ("msd", "mtt")
FRAMES, BANDS = 187, 96
EPSILON = 0.001
# In the order in which their outputs are joined: two over a range of frequency, three over time alone.
FRONT_CONVOLUTIONS = 5
# The opset that ONNX Runtime 1.20, the oldest that the project supports, knows in full, and its file version.
OPSET, IR_VERSION = 17, 8
# Numbers in the widest machine vector that ONNX Runtime arranges channels by.
LANES = 16


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
    """The nodes and constants of one network; `add` returns the name of the output of a node."""

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

    def scaled(self, source: str, scale: Double, offset: Double, to: str) -> str:
        """Scales and shifts the source; scale and offset have as many axes as the source."""
        product = self.add("Mul", source, self.constant(f"{to}.scale", scale), to=f"{to}.product")
        return self.add("Add", product, self.constant(f"{to}.offset", offset), to=to)

    def part(self, source: str, axis: int, begin: int, end: int, to: str, step: int = 1) -> str:
        """A slice of an axis from begin to end, with a step."""
        numbers = {"begin": begin, "end": end, "axis": axis, "step": step}
        limits = [self.constant(f"{to}.{name}", [number]) for name, number in numbers.items()]
        return self.add("Slice", source, *limits, to=to)

    def model(self, outputs: Mapping[str, list[int]]) -> onnx.ModelProto:
        """Returns the model: input `patch` (1, 1, FRAMES, BANDS), outputs of these shapes."""

        def value(name: str, shape: list[int]) -> onnx.ValueInfoProto:
            return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

        made = helper.make_model(
            helper.make_graph(
                self.nodes,
                "musicnn",
                [value("patch", [1, 1, FRAMES, BANDS])],
                [value(name, shape) for name, shape in outputs.items()],
                self.constants,
            ),
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
            producer_name="music-catalog",
            doc_string="musicnn, Music Technology Group, Universitat Pompeu Fabra 2019; see LICENSE.musicnn",
        )
        onnx.checker.check_model(made, full_check=True)
        return made


@dataclass(frozen=True, eq=False)
class Front:
    """A first convolution of one network, with the scale and offset after its maximum over frequency."""

    kernel: Double  # filters, 1, frames, bands
    sign: Double  # filters
    bias: Double  # filters, FRAMES
    scale: Double  # filters
    offset: Double  # filters

    @classmethod
    def of(cls, weights: Weights, number: int) -> "Front":
        kernel, bias = kernel_and_bias(weights, numbered("conv2d", number))
        input_scale, input_offset = scale_and_offset(weights, 0)
        scale, offset = scale_and_offset(weights, number + 1)
        sign = np.where(scale < 0, -1.0, 1.0)
        # Of the batch-normed input's offset each frame's result has as much as the kernel has weight on the patch.
        at = np.arange(FRAMES)[:, None] + np.arange(len(kernel)) - padding(len(kernel))[0]
        covered = ((at >= 0) & (at < FRAMES)) @ kernel.sum(axis=(1, 2))
        return cls(
            kernel=(kernel * input_scale * sign).transpose(3, 2, 0, 1),
            sign=sign,
            bias=(bias + input_offset * covered).T,
            scale=scale,
            offset=offset,
        )


def padding(length: int) -> tuple[int, int]:
    """Zero padding of the frames to keep their number; TensorFlow puts an odd zero at the end."""
    return (length - 1) // 2, length - 1 - (length - 1) // 2


def over_time(graph: Graph, kernel: Double, name: str) -> str:
    """Convolution of the patch over time alone, maximum over frequency: (1, filters, FRAMES, 1)."""
    before, after = padding(kernel.shape[2])
    convolved = graph.add(
        "Conv", "patch", graph.constant(f"{name}.kernel", kernel), to=name, pads=[before, 0, after, 0]
    )
    return graph.add("MaxPool", convolved, to=f"{name}.highest", kernel_shape=[1, BANDS])


def over_frequency(graph: Graph, kernel: Double, name: str) -> str:
    """Convolution of the patch over time and frequency, maximum over frequency: (1, filters, FRAMES, 1).

    With the bands x and the weights h cut into even and odd ones, and x' the even bands from the second one on, the
    even results are x_even * h_even + x_odd * h_odd, the odd ones x_odd * h_even + x' * h_odd. That is four
    convolutions; with both = x_odd * (h_even + h_odd) it is three: (x_even - x_odd) * h_even + both for the even
    results, (x' - x_odd) * h_odd + both for the odd ones (Karatsuba's trick; S. Winograd, "Arithmetic complexity of
    computations", 1980). ONNX Runtime adds while it convolves.
    """
    before, after = padding(kernel.shape[2])
    even, odd = kernel[..., 0::2], kernel[..., 1::2]
    both = even.copy()
    both[..., : odd.shape[3]] += odd
    evens, odds = BANDS // 2 - even.shape[3] + 1, BANDS // 2 - odd.shape[3]
    # Where there is one odd result less, one that means nothing fills it up, and the maximum passes over it.
    pads = {"even": 0, "odd": evens - odds, "both": 0}
    convolved = {
        part: graph.add(
            "Conv",
            f"patch.{part}",
            graph.constant(f"{name}.{part}.kernel", weights),
            to=f"{name}.{part}",
            pads=[before, 0, after, pads[part]],
        )
        for part, weights in (("both", both), ("even", even), ("odd", odd))
    }
    highest = [
        graph.add(
            "MaxPool",
            graph.add("Add", convolved[part], convolved["both"], to=f"{name}.{part}.sum"),
            to=f"{name}.{part}.highest",
            kernel_shape=[1, count],
            strides=[1, evens],
        )
        for part, count in (("even", evens), ("odd", odds))
    ]
    return graph.add("Max", *highest, to=f"{name}.highest")


def halve_bands(graph: Graph) -> None:
    """Splits the patch into even and odd bands for `over_frequency`."""
    even = graph.part("patch", 3, 0, BANDS, "bands.even", step=2)
    odd = graph.part("patch", 3, 1, BANDS, "patch.both", step=2)
    graph.add("Sub", even, odd, to="patch.even")
    later = graph.part(even, 3, 1, BANDS // 2, "bands.later")
    graph.add("Sub", later, graph.part(odd, 3, 0, BANDS // 2 - 1, "bands.odd"), to="patch.odd")


def front(graph: Graph, networks: Sequence[Weights], number: int) -> list[str]:
    """Convolution, maximum over frequency, ReLU, batch-norm: (1, filters, FRAMES) for each network."""
    name = f"front{number}"
    fronts = [Front.of(weights, number) for weights in networks]
    kernel = np.concatenate([one.kernel for one in fronts])
    filled = np.concatenate([kernel, np.zeros((-len(kernel) % LANES, *kernel.shape[1:]))])
    highest = (over_time if kernel.shape[3] == 1 else over_frequency)(graph, filled, name)
    flat = graph.add("Squeeze", highest, graph.constant(f"{name}.axis", [3]), to=f"{name}.flat")
    features = []
    first = 0
    for network_number, one in enumerate(fronts):
        here, filters = f"{network_number}.{name}", len(one.kernel)
        own = graph.part(flat, 1, first, first + filters, f"{here}.part")
        level = graph.scaled(own, one.sign[None, :, None], one.bias[None], f"{here}.level")
        relu = graph.add("Relu", level, to=f"{here}.relu")
        features.append(graph.scaled(relu, one.scale[None, :, None], one.offset[None, :, None], here))
        first += filters
    return features


def middle(graph: Graph, source: str, weights: Weights, number: int, title: str) -> str:
    """Convolution of seven frames over all features, ReLU, batch-norm: (1, 64, FRAMES)."""
    name = f"{title}.middle{number}"
    kernel, bias = kernel_and_bias(weights, numbered("conv2d", FRONT_CONVOLUTIONS + number))
    scale, offset = scale_and_offset(weights, FRONT_CONVOLUTIONS + 1 + number)
    length = kernel.shape[0]
    convolved = graph.add(
        "Conv",
        source,
        graph.constant(f"{name}.kernel", kernel[:, :, 0, :].transpose(2, 1, 0)),
        graph.constant(f"{name}.bias", bias),
        to=f"{name}.convolution",
        pads=[length // 2, length // 2],
    )
    relu = graph.add("Relu", convolved, to=f"{name}.relu")
    return graph.scaled(relu, scale[None, :, None], offset[None, :, None], name)


def back(graph: Graph, source: str, weights: Weights, title: str) -> tuple[str, str]:
    """Maximum and mean over time, a dense layer (1, 200) and the tags' logits (1, 50)."""
    highest = graph.add("ReduceMax", source, to=f"{title}.maximum", axes=[2], keepdims=0)
    mean = graph.add("ReduceMean", source, to=f"{title}.mean", axes=[2], keepdims=0)
    pooled = graph.add("Concat", highest, mean, to=f"{title}.pool", axis=1)
    # The weights expect maximum and mean of the first feature, then of the second; here come all maxima first.
    kernel, bias = kernel_and_bias(weights, "dense")
    scale, offset = scale_and_offset(weights, FRONT_CONVOLUTIONS + 4)
    order = np.concatenate([np.arange(0, len(kernel), 2), np.arange(1, len(kernel), 2)])
    dense = graph.add(
        "Gemm",
        pooled,
        graph.constant(f"{title}.dense.kernel", (kernel * scale[:, None])[order]),
        graph.constant(f"{title}.dense.bias", bias + offset @ kernel),
        to=f"{title}.dense",
    )
    scale, offset = scale_and_offset(weights, FRONT_CONVOLUTIONS + 5)
    relu = graph.add("Relu", dense, to=f"{title}.dense.relu")
    penultimate = graph.scaled(relu, scale[None], offset[None], f"{title}.penultimate")
    kernel, bias = kernel_and_bias(weights, "dense_1")
    logits = graph.add(
        "Gemm",
        penultimate,
        graph.constant(f"{title}.tags.kernel", kernel),
        graph.constant(f"{title}.tags.bias", bias),
        to=f"{title}.logits",
    )
    return penultimate, logits


def model(networks: Sequence[Weights]) -> onnx.ModelProto:
    """Joins networks into one model: input `patch` (1, 1, FRAMES, BANDS), outputs `penultimate` and `tags`.

    Both outputs have one row per network.
    """
    graph = Graph()
    halve_bands(graph)
    fronts = [front(graph, networks, number) for number in range(FRONT_CONVOLUTIONS)]
    penultimates: list[str] = []
    logits: list[str] = []
    for number, weights in enumerate(networks):
        title = str(number)
        features = graph.add("Concat", *(own[number] for own in fronts), to=f"{title}.front", axis=1)
        first = middle(graph, features, weights, 0, title)
        second = graph.add("Add", middle(graph, first, weights, 1, title), first, to=f"{title}.sum1")
        third = graph.add("Add", middle(graph, second, weights, 2, title), second, to=f"{title}.sum2")
        joined = graph.add("Concat", features, first, second, third, to=f"{title}.features", axis=1)
        for outputs, output in zip((penultimates, logits), back(graph, joined, weights, title), strict=True):
            outputs.append(output)
    graph.add("Concat", *penultimates, to="penultimate", axis=0)
    graph.add("Sigmoid", graph.add("Concat", *logits, to="logits", axis=0), to="tags")
    width = {"penultimate": "dense/bias", "tags": "dense_1/bias"}
    return graph.model({name: [len(networks), networks[0][layer].size] for name, layer in width.items()})


def read(path: Path) -> Weights:
    with np.load(path, allow_pickle=False) as weights:
        return dict(weights)


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the ONNX file of the musicnn networks.")
    parser.add_argument(
        "weights", type=Path, help="folder with MSD_musicnn.npz, MTT_musicnn.npz and labels.json"
    )
    parser.add_argument("--out", type=Path, default=Path("catalog/audio/feature_sets/networks"))
    arguments = parser.parse_args()
    labels = json.loads((arguments.weights / "labels.json").read_text("utf-8"))
    titles = {short: f"{short.upper()}_musicnn" for short in NETWORKS}
    made = model([read(arguments.weights / f"{title}.npz") for title in titles.values()])
    path = arguments.out / "musicnn.onnx"
    path.write_bytes(made.SerializeToString(deterministic=True))
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB")
    mel = librosa.filters.mel(sr=16000, n_fft=512, n_mels=BANDS)
    np.save(arguments.out / "mel.npy", mel.astype(np.float32), allow_pickle=False)
    tags = {short: labels[title] for short, title in titles.items()}
    (arguments.out / "tags.json").write_text(json.dumps(tags, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
