"""The input of a label audit as arrays: audited tracks and genres."""

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass

from catalog.arrays import Floats, Integers, Matrix
from catalog.learning.dataset.hierarchy import Hierarchy


@dataclass(frozen=True, eq=False)
class AuditedTracks:
    """n tagged tracks with at least one tag that counts for a class."""

    probability: Floats
    """(n, classes): calibrated and out of fold."""
    y: Integers
    """(n,): the class of the audited tag, as a column."""
    tags: Sequence[Sequence[int]]
    """(n): genre ids, first the audited tag: the first one that counts for a class."""
    groups: Integers
    """(n,): connected groups."""
    artists: Sequence[Hashable | None]
    """(n): None for unknown artists."""
    vectors: Matrix | None
    """(n, dimensions) of the feature set for neighbors; None: without neighbors."""
    further: Sequence[Matrix] = ()
    """Vectors of other feature sets, each (n, dimensions)."""


@dataclass(frozen=True)
class GenreInfo:
    """The genres as a label audit needs them."""

    hierarchy: Hierarchy
    broader: Mapping[int, int | None]
    counts_for: Mapping[int, int | None]
    """The class of each genre id. A genre that is missing or None is not audited."""
    names: Mapping[int, str]
    suggestable: Collection[int] | None = None
    """Genre ids that may be suggested; None: all."""

    @property
    def column(self) -> dict[int, int]:
        """The column of each class."""
        return class_column(self.hierarchy.classes)

    def class_of(self, genre_id: int) -> int:
        """The class that a genre counts for; 0, which is no class, if there is none."""
        return self.counts_for.get(genre_id) or 0


def class_column(classes: Sequence[int]) -> dict[int, int]:
    """The column of each class, by genre id."""
    return {genre_id: at for at, genre_id in enumerate(classes)}
