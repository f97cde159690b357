"""What a feature set is: a named, versioned recipe from samples to a vector."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np

from catalog.arrays import Float32

# The single numbers people ask for; a catalog has a column for each, and any feature set may hold some.
DESCRIPTORS = frozenset({"tempo", "onset_rate", "brightness", "harmonic_share", "percussive_share"})


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
    descriptors: Mapping[str, str] = field(
        default_factory=dict
    )  # one of DESCRIPTORS -> the dimension that is it

    def __post_init__(self) -> None:
        if len(set(self.dimensions)) != len(self.dimensions):
            raise ValueError(f"feature set {self.name}: two dimensions share a name")
        for descriptor, dimension in self.descriptors.items():
            if descriptor not in DESCRIPTORS or dimension not in self.dimensions:
                raise ValueError(
                    f"feature set {self.name}: no descriptor {descriptor} in a dimension {dimension}"
                )
        object.__setattr__(self, "parameters", MappingProxyType(dict(self.parameters)))
        object.__setattr__(self, "descriptors", MappingProxyType(dict(self.descriptors)))
        _ = self.hash  # parameters that JSON cannot hold fail here, not in a worker

    @cached_property
    def hash(self) -> str:
        """BLAKE2b-128, in hex, of the canonical JSON of name, version and parameters, and of nothing else."""
        recipe = {"name": self.name, "version": self.version, "parameters": dict(self.parameters)}
        text = json.dumps(recipe, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
        return hashlib.blake2b(text.encode("ascii"), digest_size=16).hexdigest()

    def describe(self, vector: Float32) -> dict[str, float]:
        """The descriptors that a vector of this feature set holds."""
        return {name: float(vector[self.dimensions.index(at)]) for name, at in self.descriptors.items()}
