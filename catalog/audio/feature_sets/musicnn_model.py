"""The two musicnn networks that ship with the package, run by ONNX Runtime as one, one patch at a time."""

import json
import os
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import numpy as np

from catalog.arrays import Float32

NetworkName = Literal["msd", "mtt"]
NETWORKS: tuple[NetworkName, ...] = ("msd", "mtt")
# What a patch is: frames by mel bands.
PATCH = (187, 96)
PENULTIMATE = 200

_FOLDER = files("catalog.audio.feature_sets") / "networks"


@cache
def tag_names() -> dict[NetworkName, tuple[str, ...]]:
    """The fifty tags of each network in the order of its output."""
    read = json.loads((_FOLDER / "tags.json").read_text("utf-8"))
    return {network: tuple(read[network]) for network in NETWORKS}


@cache
def mel_filters() -> Float32:
    """96 Slaney mel filters over the 257 bins of a 512-point spectrum at 16 kHz: librosa.filters.mel's defaults."""
    with (_FOLDER / "mel.npy").open("rb") as stream:
        filters: Float32 = np.load(stream, allow_pickle=False)
    return filters


@cache
def _session() -> Any:
    """One session a process. With one thread it starts none of its own, so it goes on working in a forked child."""
    # Since 1.29 it reports the use of models to its makers by default, from a thread of its own, which besides makes
    # forking unsafe. It looks when it is imported. Where it was imported before, by whoever calls us, so be it.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime  # only what analyzes pays for it

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    # The arena keeps the largest memory ever asked for; without it a worker stays small at no cost in time.
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 3
    model = (_FOLDER / "musicnn.onnx").read_bytes()
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def run(patch: Float32) -> tuple[Float32, Float32]:
    """What both networks make of a PATCH of log mel spectrum, a row for each of NETWORKS.

    The penultimate layers (2, 200) and the tags' probabilities (2, 50), each 0..1.
    """
    if patch.shape != PATCH:
        raise ValueError(f"a patch is {PATCH[0]} frames of {PATCH[1]} bands, not {patch.shape}")
    feed = {"patch": np.ascontiguousarray(patch, dtype=np.float32)[None, None]}
    penultimate, tags = _session().run(["penultimate", "tags"], feed)
    return penultimate, tags
