"""The feature set: a named, versioned recipe from samples to a vector."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np

from catalog.arrays import Float32

# Single numbers with a column of their own in `track_descriptor`; any feature set may provide some.
DESCRIPTORS = frozenset({"tempo", "onset_rate", "brightness", "harmonic_share", "percussive_share"})


@dataclass(frozen=True, eq=False)
class Waveform:
    """Mono float32 samples, one-dimensional, full scale = 1, at `sample_rate` Hz."""

    samples: Float32
    sample_rate: int

    def __post_init__(self) -> None:
        if self.samples.ndim != 1 or self.samples.dtype != np.float32:
            raise ValueError(
                f"a waveform must be mono float32, not {self.samples.dtype} {self.samples.shape}"
            )
        if self.sample_rate <= 0:
            raise ValueError(f"a sample rate must be positive, not {self.sample_rate}")

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.sample_rate


@dataclass(frozen=True, eq=False)
class FeatureSet:
    """A recipe that turns a waveform at `sample_rate` (Hz) into one float32 number for each of `dimensions`.

    `version` is raised by hand whenever the formula or a library changes the numbers. `parameters` must be JSON
    serializable. `compute` must be deterministic, return no NaN for finite input of at least half a second, and import
    heavy libraries only when called.
    """

    name: str
    version: int
    parameters: Mapping[str, Any]
    dimensions: tuple[str, ...]
    sample_rate: int
    compute: Callable[[Waveform], Float32]
    libraries: tuple[str, ...] = ("numpy",)  # distributions whose versions are stored as provenance
    descriptors: Mapping[str, str] = field(
        default_factory=dict
    )  # one of DESCRIPTORS -> name of its dimension

    def __post_init__(self) -> None:
        if len(set(self.dimensions)) != len(self.dimensions):
            raise ValueError(f"feature set {self.name}: two dimensions share a name")
        for descriptor, dimension in self.descriptors.items():
            if descriptor not in DESCRIPTORS or dimension not in self.dimensions:
                raise ValueError(
                    f"feature set {self.name}: unknown descriptor {descriptor} or dimension {dimension}"
                )
        object.__setattr__(self, "parameters", MappingProxyType(dict(self.parameters)))
        object.__setattr__(self, "descriptors", MappingProxyType(dict(self.descriptors)))
        _ = self.hash  # parameters that are not JSON serializable fail here, not in a worker

    @cached_property
    def hash(self) -> str:
        """BLAKE2b-128, in hex, of the canonical JSON of name, version and parameters only."""
        recipe = {"name": self.name, "version": self.version, "parameters": dict(self.parameters)}
        text = json.dumps(recipe, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
        return hashlib.blake2b(text.encode("ascii"), digest_size=16).hexdigest()

    def describe(self, vector: Float32) -> dict[str, float]:
        """The descriptors in a vector of this feature set."""
        return {name: float(vector[self.dimensions.index(at)]) for name, at in self.descriptors.items()}
