"""Zero-shot classification: genres from musicnn tags, for collections with too few labels to train on."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import softmax

from catalog.arrays import Floats
from catalog.audio.feature_sets.musicnn import dimension_names
from catalog.learning.classifiers import Matrix
from catalog.learning.dataset.hierarchy import Hierarchy, path_to_top
from catalog.learning.fitting.abstention import Selections, select_nodes
from catalog.learning.fitting.musicnn_tag_map import TagMap, tag_map


@dataclass(frozen=True)
class Candidates:
    """The genres that zero-shot can predict."""

    evidence: Mapping[int, str]
    """Genre id -> name of its entry in the tag map."""
    merged_into: Mapping[int, int]
    """Requested genres that share an entry with others -> the candidate that is predicted instead."""
    unmapped: tuple[int, ...]
    """Requested genres that have no entry in the tag map, nor has a broader term."""


def default_candidates(entries: Mapping[str, int]) -> Candidates:
    """The map's own candidates. `entries` gives the genre id of each name in the tag map that the vocabulary has."""
    defaults = {
        entries[name]: name for name, genre in tag_map().genres.items() if genre.default and name in entries
    }
    return Candidates(defaults, {}, ())


def named_candidates(
    genres: Sequence[int], entries: Mapping[str, int], broader: Mapping[int, int | None]
) -> Candidates:
    """The candidates for the requested genres.

    A genre without an entry in the map uses the entry of its nearest broader term that has one. Genres with the same
    entry cannot be distinguished, and that term is predicted for all of them.
    """
    names = {genre: name for name, genre in entries.items() if name in tag_map().genres}
    genres_by_term: defaultdict[int, list[int]] = defaultdict(list)
    unmapped = []
    for genre in dict.fromkeys(genres):
        term = next((term for term in path_to_top(genre, broader) if term in names), None)
        if term is None:
            unmapped.append(genre)
        else:
            genres_by_term[term].append(genre)
    evidence, merged_into = {}, {}
    for term, members in genres_by_term.items():
        candidate = members[0] if len(members) == 1 else term
        evidence[candidate] = names[term]
        merged_into.update({genre: candidate for genre in members if genre != candidate})
    return Candidates(evidence, merged_into, tuple(unmapped))


@dataclass(frozen=True, eq=False)
class ZeroShot:
    """A model without fitted parameters: candidates, and the tag map's evidence, slope and threshold.

    The prediction of a track does not depend on the other tracks.
    """

    hierarchy: Hierarchy
    names: tuple[str, ...]
    """The entry of the tag map for each class."""
    tag_map: TagMap

    @classmethod
    def among(cls, candidates: Candidates, broader: Mapping[int, int | None]) -> "ZeroShot":
        """The model for these candidates. Raises ValueError if there are none."""
        if not candidates.evidence:
            raise ValueError("no tag indicates any of these genres")
        classes = sorted(candidates.evidence)
        names = tuple(candidates.evidence[genre] for genre in classes)
        return cls(Hierarchy.of(classes, broader), names, tag_map())

    def probability(self, X: Matrix) -> Floats:
        """(n, classes) for `musicnn` vectors (n, 500). A row's sum is 1 minus the probability of "none of them"."""
        columns = {name: column for column, name in enumerate(dimension_names())}
        tags = {tag: np.asarray(X[:, columns[tag]], dtype=np.float64) for tag in self.tag_map.reference}
        scores = np.zeros((len(X), len(self.names) + 1))
        for column, name in enumerate(self.names):
            scores[:, column] = self.tag_map.log_evidence(name, tags)
        return np.asarray(softmax(self.tag_map.slope * scores, axis=1)[:, :-1])

    def resemblance(self, X: Matrix) -> None:
        """None: there are no training tracks to resemble; the probability accounts for "none of them"."""

    def select(self, probability: Floats, resemblance: Floats | None = None) -> Selections:
        """The predicted nodes: a candidate, a broader term, or nothing."""
        return select_nodes(probability, self.hierarchy, self.tag_map.threshold, resemblance=resemblance)
