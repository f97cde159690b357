"""The tag map: the musicnn tags that indicate each genre, and a fixed reference mean for each tag."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from catalog.arrays import Floats

LEAST_EVIDENCE = 1e-6  # a probability of 0 has no logarithm


@dataclass(frozen=True, slots=True)
class GenreEvidence:
    """The tags that indicate a genre."""

    name: str
    """The name in the vocabulary."""
    groups: tuple[tuple[str, ...], ...]
    """Tags by dimension name: lifts are averaged within a group, and groups by their geometric mean."""
    prior: float
    """The assumed frequency relative to other genres."""
    default: bool
    """Whether the genre is a candidate by default."""
    why: str | None
    """Why these tags were chosen, if it is not obvious."""


@dataclass(frozen=True, eq=False)
class TagMap:
    """The shipped map."""

    genres: Mapping[str, GenreEvidence]
    """By name."""
    reference: Mapping[str, float]
    """Tag by dimension name -> mean probability over music of many genres with equal weights."""
    slope: float
    threshold: float

    def log_evidence(self, name: str, tags: Mapping[str, Floats]) -> Floats:
        """(n,): log of the evidence for a genre times its prior; 0 is the mean of all music."""
        genre = self.genres[name]
        groups = [
            np.log(np.mean([tags[tag] / self.reference[tag] for tag in group], axis=0) + LEAST_EVIDENCE)
            for group in genre.groups
        ]
        return np.asarray(np.mean(groups, axis=0) + np.log(genre.prior))


@cache
def tag_map() -> TagMap:
    """The map that ships with the package. Raises ValueError for a tag without a reference."""
    folder = files("catalog.learning.fitting") / "tag_map_data"
    table = tomllib.loads((folder / "genres.toml").read_text("utf-8"))
    reference = json.loads((folder / "reference.json").read_text("utf-8"))["mean"]
    genres = {row["name"]: _genre(row) for row in table["genre"]}
    for genre in genres.values():
        for tag in (tag for group in genre.groups for tag in group):
            if tag not in reference:
                raise ValueError(f"in the tag map, {genre.name} uses {tag}, which has no reference value")
    return TagMap(genres, reference, table["slope"], table["threshold"])


def _genre(row: Mapping[str, Any]) -> GenreEvidence:
    return GenreEvidence(
        name=row["name"],
        groups=tuple(tuple(group) for group in row["evidence"]),
        prior=row.get("prior", 1.0),
        default=row.get("default", False),
        why=row.get("why"),
    )
