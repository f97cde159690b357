"""What a feature set is: a named, versioned recipe from samples to a vector."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Waveform:
    """Sound as a recipe takes it: mono float32 samples, one dimension, full scale = 1, `sample_rate` a second."""

    samples: Float32
    sample_rate: int

    def __post_init__(self) -> None:
        if self.samples.ndim != 1 or self.samples.dtype != np.float32:
            raise ValueError(f"a waveform is float32 and mono, not {self.samples.dtype} {self.samples.shape}")
        if self.sample_rate <= 0:
            raise ValueError(f"a sample rate is above zero, not {self.sample_rate}")

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.sample_rate


@dataclass(frozen=True, eq=False)
class FeatureSet:
    """A recipe that turns a waveform at `sample_rate` (Hz) into one float32 number for each of `dimensions`.

    `version` is raised by hand whenever the formula, or a library beneath it, gives other numbers. `parameters` is
    what JSON can hold. `compute` must be deterministic, free of NaN for any finite input of half a second or more,
    and import heavy libraries only when it is called.
    """

    name: str
    version: int
    parameters: Mapping[str, Any]
    dimensions: tuple[str, ...]
    sample_rate: int
    compute: Callable[[Waveform], Float32]
    libraries: tuple[str, ...] = ("numpy",)  # distributions whose version belongs to a vector's provenance

    def __post_init__(self) -> None:
        if len(set(self.dimensions)) != len(self.dimensions):
            raise ValueError(f"feature set {self.name}: two dimensions share a name")
        object.__setattr__(self, "parameters", MappingProxyType(dict(self.parameters)))
        _ = self.hash  # parameters that JSON cannot hold fail here, not in a worker

    @cached_property
    def hash(self) -> str:
        """BLAKE2b-128, in hex, of the canonical JSON of name, version and parameters, and of nothing else."""
        recipe = {"name": self.name, "version": self.version, "parameters": dict(self.parameters)}
        text = json.dumps(recipe, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
        return hashlib.blake2b(text.encode("ascii"), digest_size=16).hexdigest()
