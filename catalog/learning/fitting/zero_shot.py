"""Zero-shot: genres straight from the musicnn tags, where there is too little tagged to learn from."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import softmax

from catalog.arrays import Floats
from catalog.audio.feature_sets.musicnn import dimension_names
from catalog.learning.classifiers import Matrix
from catalog.learning.dataset.hierarchy import Hierarchy, path_to_top
from catalog.learning.fitting.abstention import Selections, answers
from catalog.learning.fitting.tag_map import TagMap, tag_map


@dataclass(frozen=True)
class Candidates:
    """The genres that zero-shot chooses among."""

    evidence: Mapping[int, str]
    """Genre id -> name of the entry in the tag map that speaks for it."""
    answered_as: Mapping[int, int]
    """Wanted genres that cannot be told from others -> the candidate that stands for them."""
    unheard: tuple[int, ...]
    """Wanted genres for which no tag speaks, nor for a broader term."""


def default_candidates(entries: Mapping[str, int]) -> Candidates:
    """The map's own candidates. `entries` gives the genre id of each name in the tag map that the vocabulary has."""
    defaults = {
        entries[name]: name for name, genre in tag_map().genres.items() if genre.default and name in entries
    }
    return Candidates(defaults, {}, ())


def named_candidates(
    wanted: Sequence[int], entries: Mapping[str, int], broader: Mapping[int, int | None]
) -> Candidates:
    """The candidates for genres that somebody names.

    A genre without an entry in the map is heard by its nearest broader term that has one. Where several wanted
    genres are heard by the same entry they cannot be told apart, and that term stands for them all.
    """
    names = {genre: name for name, genre in entries.items() if name in tag_map().genres}
    heard_by: defaultdict[int, list[int]] = defaultdict(list)
    unheard = []
    for genre in dict.fromkeys(wanted):
        term = next((term for term in path_to_top(genre, broader) if term in names), None)
        if term is None:
            unheard.append(genre)
        else:
            heard_by[term].append(genre)
    evidence, answered_as = {}, {}
    for term, genres in heard_by.items():
        candidate = genres[0] if len(genres) == 1 else term
        evidence[candidate] = names[term]
        answered_as.update({genre: candidate for genre in genres if genre != candidate})
    return Candidates(evidence, answered_as, tuple(unheard))


@dataclass(frozen=True, eq=False)
class ZeroShot:
    """A model that nothing was fitted for: candidates, and the tag map's evidence, slope and threshold.

    Each track is judged by itself and by fixed numbers, so that one alone gets the answer it gets among others.
    """

    hierarchy: Hierarchy
    names: tuple[str, ...]
    """The entry of the tag map for each class."""
    tag_map: TagMap

    @classmethod
    def among(cls, candidates: Candidates, broader: Mapping[int, int | None]) -> "ZeroShot":
        """The model for these candidates. ValueError where there is none."""
        if not candidates.evidence:
            raise ValueError("none of the genres named is heard by a tag")
        classes = sorted(candidates.evidence)
        names = tuple(candidates.evidence[genre] for genre in classes)
        return cls(Hierarchy.of(classes, broader), names, tag_map())

    def probability(self, X: Matrix) -> Floats:
        """(n, classes) for `musicnn` vectors (n, 500). A row's sum falls short of 1 by "none of them"."""
        columns = {name: column for column, name in enumerate(dimension_names())}
        tags = {tag: np.asarray(X[:, columns[tag]], dtype=np.float64) for tag in self.tag_map.reference}
        scores = np.zeros((len(X), len(self.names) + 1))
        for column, name in enumerate(self.names):
            scores[:, column] = self.tag_map.log_evidence(name, tags)
        return np.asarray(softmax(self.tag_map.slope * scores, axis=1)[:, :-1])

    def resemblance(self, X: Matrix) -> None:
        """None: no class was learned that a track could resemble; "none of them" is in the probability."""

    def answers(self, probability: Floats, resemblance: Floats | None = None) -> Selections:
        """What is answered: a candidate, a broader term, or nothing."""
        return answers(probability, self.hierarchy, self.tag_map.threshold, resemblance=resemblance)
