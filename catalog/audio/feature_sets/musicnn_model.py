"""The two bundled musicnn networks, run together by ONNX Runtime, one patch at a time."""

import json
import os
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import numpy as np

from catalog.arrays import Float32

NetworkName = Literal["msd", "mtt"]
NETWORKS: tuple[NetworkName, ...] = ("msd", "mtt")
# Frames by mel bands.
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
    """One session per process. With one thread it starts no thread pool and keeps working in a forked child."""
    # Since 1.29 ONNX Runtime sends telemetry by default, from a thread that also makes forking unsafe. The variable is
    # read at import; a caller that imported it earlier keeps its own setting.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime  # imported only by processes that analyze

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    # The arena keeps its largest size; without it a worker stays small and is no slower.
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 3
    model = (_FOLDER / "musicnn.onnx").read_bytes()
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def run(patch: Float32) -> tuple[Float32, Float32]:
    """Output of both networks for a PATCH of log mel spectrum, one row per network.

    Returns the penultimate layers (2, 200) and the tag probabilities (2, 50), 0 to 1.
    """
    if patch.shape != PATCH:
        raise ValueError(f"a patch has {PATCH[0]} frames and {PATCH[1]} bands, not {patch.shape}")
    feed = {"patch": np.ascontiguousarray(patch, dtype=np.float32)[None, None]}
    penultimate, tags = _session().run(["penultimate", "tags"], feed)
    return penultimate, tags
