"""The hierarchy of a model's classes and the terms above them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from catalog.arrays import Booleans, Floats


def path_to_top(genre: int, broader: Mapping[int, int | None]) -> tuple[int, ...]:
    """The genre, its broader term, and so on to the top term. Raises ValueError for a cycle."""
    path = [genre]
    parent = broader.get(genre)
    while parent is not None:
        if parent in path:
            raise ValueError(f"the broader terms of genre {genre} form a cycle at {parent}")
        path.append(parent)
        parent = broader.get(parent)
    return tuple(path)


@dataclass(frozen=True, eq=False)
class Hierarchy:
    """Classes (columns of a probability matrix) and every term broader than one of them (further nodes)."""

    classes: tuple[int, ...]
    """Genre id of each column."""
    nodes: tuple[int, ...]
    """The classes, in their order, then the terms above them."""
    below: Booleans
    """(nodes, classes): whether the class is the node or below it."""
    paths: tuple[tuple[int, ...], ...]
    """For each class the nodes from itself up to its top term, as positions in `nodes`."""

    @classmethod
    def of(
        cls,
        classes: Sequence[int],
        broader: Mapping[int, int | None],
        *,
        predictable: Collection[int] | None = None,
    ) -> "Hierarchy":
        """The hierarchy of these classes. Paths contain only terms in `predictable`, or all terms if it is None."""
        if len(set(classes)) != len(classes):
            raise ValueError("a class is repeated")
        chains = [path_to_top(genre, broader) for genre in classes]
        kept = [
            [chain[0], *(term for term in chain[1:] if predictable is None or term in predictable)]
            for chain in chains
        ]
        nodes = list(dict.fromkeys([*classes, *(term for chain in kept for term in chain)]))
        position = {genre: at for at, genre in enumerate(nodes)}
        below = np.zeros((len(nodes), len(classes)), dtype=np.bool_)
        for column, chain in enumerate(chains):
            below[[position[term] for term in chain if term in position], column] = True
        paths = tuple(tuple(position[term] for term in chain) for chain in kept)
        return cls(tuple(classes), tuple(nodes), below, paths)

    def subtree_probability(self, probability: Floats) -> Floats:
        """(n, classes) -> (n, nodes): the sum of the probabilities of the classes in each node's subtree."""
        return np.asarray(np.minimum(probability @ self.below.T.astype(np.float64), 1.0))
