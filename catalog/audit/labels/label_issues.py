"""Label issues: which genre tags are probably wrong, ranked, with the evidence."""

from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from catalog.arrays import Float32, Floats, Integers, Matrix
from catalog.audit.labels.class_auc import class_auc
from catalog.audit.labels.model_evidence import FLOOR, ModelEvidence, artist_numbers, combine_opinions
from catalog.audit.labels.neighbor_votes import NeighborVotes, others_of_artist
from catalog.audit.reasons import (
    artist_prediction_reason,
    artist_reason,
    isolated_tag_reason,
    neighbors_reason,
    prediction_reason,
)
from catalog.learning.dataset.hierarchy import Hierarchy, path_to_top

Relation = Literal["broader", "narrower", "sibling", "different"]

MIN_SUSPICION = 0.35
MAX_SUSPECTS = 2_000
LEAST_THRESHOLD = 2e-6
# Weights of the evidence beside the sound, in units of log odds: see there where they come from.
PRIOR_LOG_ODDS = -1.5  # before any evidence beyond the sound's being liker to something else
CONFIDENCE_WEIGHT = 0.5
NEIGHBOR_WEIGHT = 0.3
NEIGHBORS_OF_ARTIST_WEIGHT = 0.6
"""Of the mean over the artist's tracks with that tag."""
ISOLATION_WEIGHT = 1.5
OTHERS_FOR_CHOICE = 0.5
OTHERS_FOR_TAG = 0.15
"""Much less: right tags come by the artist, and wrong ones do too."""


@dataclass(frozen=True, eq=False)
class AuditedTracks:
    """The tagged tracks one of whose tags counts for a class, n of them."""

    probability: Floats
    """(n, classes): calibrated and out of fold."""
    y: Integers
    """(n,): the class that the tag in front counts for, as a column."""
    tags: Sequence[Sequence[int]]
    """(n): genre ids, in front the one that the track is judged by: the first that counts for a class."""
    groups: Integers
    """(n,): connected groups."""
    artists: Sequence[Hashable | None]
    """(n): None where nobody is known."""
    vectors: Matrix | None
    """(n, dimensions) of the feature set whose neighbors are asked, or None: then they are not asked."""
    further: Sequence[Matrix] = ()
    """Vectors of other feature sets, each (n, dimensions)."""


@dataclass(frozen=True)
class GenreInfo:
    """What has to be known of the genres."""

    hierarchy: Hierarchy
    broader: Mapping[int, int | None]
    counts_for: Mapping[int, int | None]
    """Genre id -> the class its tracks count for; of a genre that is missing or None nothing is judged."""
    names: Mapping[int, str]
    suggestable: Collection[int] | None = None
    """Genre ids that may be suggested; None: all."""


@dataclass(frozen=True)
class Suspect:
    """A label that is doubted."""

    row: int
    """The track's position."""
    genre_id: int
    """The doubted tag: the track's first that is a class, or one among several of which another is right."""
    suggested_genre_id: int
    suspicion: float
    """0 to 1: a score to rank by, no probability."""
    relation: Relation
    """What the suggestion is to the nearest of the tags. `narrower` is no doubt: the tag could be more precise."""
    reasons: tuple[dict[str, Any], ...]
    """See `catalog.audit.reasons`."""


@dataclass(frozen=True, eq=False)
class _Alternatives:
    """For m tracks the class that is heard instead, and the evidence for it."""

    row: Integers
    choice: Integers
    chosen: Floats
    """Probability of the choice."""
    own: Floats
    """Probability of the tag: of its subtree for a doubt, of its class alone where the choice lies below it."""
    margin: Floats
    """By how much the sound, all opinions weighed, speaks for the choice rather than for the tag, in log odds."""
    for_choice: npt.NDArray[np.bool_]
    """(m, classes): classes that speak for the choice and not for the tag."""
    for_tag: npt.NDArray[np.bool_]
    """(m, classes): classes that speak for the tag."""
    of_artist: bool = False
    """Whether what is doubted is that any of the artist's tracks with that tag is right, not this one's by itself."""

    def only(self, kept: Integers) -> "_Alternatives":
        """Those at these places."""
        return replace(
            self,
            row=self.row[kept],
            choice=self.choice[kept],
            chosen=self.chosen[kept],
            own=self.own[kept],
            margin=self.margin[kept],
            for_choice=self.for_choice[kept],
            for_tag=self.for_tag[kept],
        )


def find_suspects(
    judged: AuditedTracks,
    terms: GenreInfo,
    *,
    sound: ModelEvidence | None = None,
    least: float = MIN_SUSPICION,
    most: int = MAX_SUSPECTS,
) -> list[Suspect]:
    """The doubted labels, most suspicious first; among them, apart by `relation`, tags that could be more precise.

    A tag is doubted where, all opinions on the sound weighed (see `catalog.audit.labels.model_evidence`), a class outside the subtrees of
    all tags is likelier than the likeliest of those subtrees. A tag may be wrong by itself, or with those of all its
    artist's tracks: both are looked at, each by evidence of its own, and the graver doubt counts. What is added up, as
    log odds: how much likelier, as far as the model knows both classes, and how the nearest tracks by other artists are
    tagged. Of a tag by itself, moreover: as far as the model knows the class of the choice but not that of the tag, how
    much likelier than usual the choice is, and whether the track is a stranger among those with the same tag; whether the
    model is as sure of it as of tracks that are so tagged (the class thresholds of confident learning, Northcutt et al.
    2021); and how the artist's other tracks are tagged, which of wrong artists says nothing.

    At most `most` with a suspicion of at least `least`. `sound` is what `listen` gives, where it is known already.
    """
    if not len(judged.y):
        return []
    credibility = class_auc(judged.probability, judged.y, judged.groups)
    thresholds = _confident_thresholds(judged.probability, judged.y)
    sound = sound or combine_evidence(judged, terms)
    # Neighbors cost most: they are asked for those only that could still be listed with them.
    weighed = [
        _most_suspicious(heard, _prediction_evidence(heard, judged, credibility, thresholds), 2 * most)
        for heard in (
            _single_track_alternatives(judged, terms, sound),
            _artist_alternatives(judged, terms, sound),
            _narrower_alternatives(judged, terms, thresholds),
        )
    ]
    asked = np.concatenate([heard.row for heard, _ in weighed])
    near = NeighborVotes.of(judged.vectors, judged.groups, asked)
    found: dict[tuple[int, bool], Suspect] = {}
    for heard, evidence in weighed:
        for suspect in _suspects(heard, evidence, judged, terms, sound, credibility, near, least):
            place = suspect.row, suspect.relation == "narrower"
            if place not in found or suspect.suspicion > found[place].suspicion:
                found[place] = suspect
    return sorted(found.values(), key=lambda suspect: (-suspect.suspicion, suspect.row))[:most]


def combine_evidence(judged: AuditedTracks, terms: GenreInfo) -> ModelEvidence:
    """What all opinions on the sound come to."""
    return combine_opinions(
        judged.probability,
        judged.y,
        judged.groups,
        judged.artists,
        terms.hierarchy,
        judged.vectors,
        judged.further,
    )


def _confident_thresholds(probability: Floats, y: Integers) -> Floats:
    """(classes,): the mean probability of each class over the tracks labeled with it; 2 for a class without a track.

    The class thresholds of Northcutt, Jiang and Chuang, "Confident learning: estimating uncertainty in dataset labels"
    (2021), at least LEAST_THRESHOLD as in cleanlab.
    """
    means = [probability[y == k, k].mean() if (y == k).any() else 2.0 for k in range(probability.shape[1])]
    return np.maximum(means, LEAST_THRESHOLD)


def _tagged_classes(judged: AuditedTracks, terms: GenreInfo) -> npt.NDArray[np.bool_]:
    """(n, classes): the classes in the subtrees of a track's tags, of those too that are no class themselves."""
    hierarchy = terms.hierarchy
    node = {genre: at for at, genre in enumerate(hierarchy.nodes)}
    covered = hierarchy.below[judged.y].copy()
    for row, tags in enumerate(judged.tags):
        for genre in tags[1:]:
            at = node.get(terms.counts_for.get(genre) or genre)
            if at is not None:
                covered[row] |= hierarchy.below[at]
    return covered


def _may_be_suggested(terms: GenreInfo) -> npt.NDArray[np.bool_]:
    classes = terms.hierarchy.classes
    return np.array([terms.suggestable is None or genre in terms.suggestable for genre in classes])


def _single_track_alternatives(
    judged: AuditedTracks, terms: GenreInfo, sound: ModelEvidence
) -> _Alternatives:
    """Tracks that sound like a class outside the subtrees of all their tags."""
    return _alternatives_outside(judged, terms, sound.alone, sound.subtree)


def _artist_alternatives(judged: AuditedTracks, terms: GenreInfo, sound: ModelEvidence) -> _Alternatives:
    """Tracks whose artist's tracks, taken together, sound like a class outside the subtrees of all their tags."""
    heard = _alternatives_outside(judged, terms, sound.together, sound.together_subtree)
    return replace(heard.only(np.flatnonzero(sound.tracks[heard.row] > 1)), of_artist=True)


def _alternatives_outside(
    judged: AuditedTracks, terms: GenreInfo, alone: Float32, subtree: Float32
) -> _Alternatives:
    below = terms.hierarchy.below[: len(terms.hierarchy.classes)]
    covered = _tagged_classes(judged, terms)
    outside = np.where(covered | ~_may_be_suggested(terms), -np.inf, alone)
    choice = outside.argmax(axis=1)
    rows = np.arange(len(choice))
    nearest = _nearest_tag(judged, terms, subtree)
    margin = (outside[rows, choice] - subtree[rows, nearest]).astype(np.float64)
    row = np.flatnonzero(margin > 0)
    tag = nearest[row]
    return _Alternatives(
        row=row,
        choice=choice[row],
        chosen=judged.probability[row, choice[row]],
        own=(judged.probability[row] * below[tag]).sum(axis=1),
        margin=margin[row],
        for_choice=below[choice[row]] & ~covered[row],
        for_tag=covered[row],
    )


def _nearest_tag(judged: AuditedTracks, terms: GenreInfo, subtree: Float32) -> Integers:
    """(n,): of a track's tags the column of the one whose subtree it sounds most like."""
    column = {genre: at for at, genre in enumerate(terms.hierarchy.classes)}
    nearest = judged.y.copy()
    for row, tags in enumerate(judged.tags):
        if len(tags) > 1:
            counted = [column.get(terms.counts_for.get(genre) or 0) for genre in tags[1:]]
            columns = [int(judged.y[row]), *(at for at in counted if at is not None)]
            nearest[row] = max(columns, key=lambda at: float(subtree[row, at]))
    return nearest


def _narrower_alternatives(judged: AuditedTracks, terms: GenreInfo, thresholds: Floats) -> _Alternatives:
    """Tracks that sound, for sure, like a class below their tag."""
    hierarchy = terms.hierarchy
    classes = len(hierarchy.classes)
    rows = np.arange(len(judged.y))
    below = hierarchy.below[judged.y].copy()
    below[rows, judged.y] = False
    inside = np.where(below & _may_be_suggested(terms), judged.probability, -1.0)
    choice = inside.argmax(axis=1)
    chosen = inside[rows, choice]
    own = judged.probability[rows, judged.y]
    of_itself = np.array([terms.counts_for.get(tags[0]) == tags[0] for tags in judged.tags])
    single = np.array([len(tags) == 1 for tags in judged.tags])
    row = np.flatnonzero((chosen > own) & (chosen >= thresholds[choice]) & of_itself & single)
    return _Alternatives(
        row=row,
        choice=choice[row],
        chosen=chosen[row],
        own=own[row],
        margin=np.log(np.maximum(chosen[row], FLOOR) / np.maximum(own[row], FLOOR)),
        for_choice=hierarchy.below[:classes][choice[row]],
        for_tag=np.eye(classes, dtype=np.bool_)[judged.y[row]],
    )


def _class_shares(judged: AuditedTracks) -> Floats:
    """(classes,): the share of each."""
    counts = np.bincount(judged.y, minlength=judged.probability.shape[1])
    return np.maximum(counts / len(judged.y), FLOOR)


def _prediction_evidence(
    heard: _Alternatives, judged: AuditedTracks, credibility: Floats, thresholds: Floats
) -> Floats:
    """(m,): the log odds of what is heard, before anybody else's tags are looked at."""
    known, known_choice = credibility[judged.y[heard.row]], credibility[heard.choice]
    both = np.minimum(known, known_choice)
    evidence = PRIOR_LOG_ODDS + both * heard.margin
    if heard.of_artist:
        return evidence
    surprise = np.log(np.maximum(heard.chosen, FLOOR) / _class_shares(judged)[heard.choice])
    evidence += (1 - both) * known_choice * np.maximum(surprise, 0.0)
    evidence += CONFIDENCE_WEIGHT * both * (heard.chosen >= thresholds[heard.choice])
    return evidence


def _most_suspicious(heard: _Alternatives, evidence: Floats, most: int) -> tuple[_Alternatives, Floats]:
    kept = np.argsort(-evidence, kind="stable")[:most]
    return heard.only(kept), evidence[kept]


def _suspects(
    heard: _Alternatives,
    evidence: Floats,
    judged: AuditedTracks,
    terms: GenreInfo,
    sound: ModelEvidence,
    credibility: Floats,
    near: NeighborVotes,
    least: float,
) -> Iterator[Suspect]:
    """The suspects among what was heard, with reasons."""
    usual = _class_shares(judged)
    usual_choice, usual_tag = (
        which.astype(np.float64) @ usual for which in (heard.for_choice, heard.for_tag)
    )
    known_choice = credibility[heard.choice]
    both = np.minimum(credibility[judged.y[heard.row]], known_choice)
    others = others_of_artist(judged.artists, judged.y, heard.row, heard.for_choice, heard.for_tag)
    alike = near.tags(heard.row, judged.y, heard.for_choice, heard.for_tag)
    by_near = alike.log_odds(usual_choice, usual_tag)
    stranger = near.isolated_tags(heard.row, np.array([tags[0] for tags in judged.tags], dtype=np.int64))
    if heard.of_artist:
        total = evidence + NEIGHBORS_OF_ARTIST_WEIGHT * both * _case_average(by_near, heard, judged)
    else:
        by_others = others.log_odds(usual_choice, usual_tag)
        total = evidence + np.where(by_others > 0, OTHERS_FOR_CHOICE, OTHERS_FOR_TAG) * by_others
        total += NEIGHBOR_WEIGHT * both * by_near
        total += ISOLATION_WEIGHT * (1 - both) * known_choice * stranger
    suspicion = 1.0 / (1.0 + np.exp(-total))
    for at in np.flatnonzero(suspicion >= least):
        row, choice = int(heard.row[at]), int(heard.choice[at])
        tags, suggested = judged.tags[row], terms.hierarchy.classes[choice]
        together = float(sound.together[row, choice] - sound.together[row, judged.y[row]])
        chosen, own = float(heard.chosen[at]), float(heard.own[at])
        by_sound = [
            prediction_reason(suggested, chosen, tags[0], own),
            artist_prediction_reason(
                suggested, tags[0], together / sound.together_weight, int(sound.tracks[row])
            ),
        ]
        reasons = [
            *(by_sound if chosen >= own else reversed(by_sound)),
            artist_reason(
                suggested,
                int(others.for_choice[at]),
                tags[0],
                int(others.for_tag[at]),
                int(others.of[at]),
            ),
            neighbors_reason(suggested, int(alike.for_choice[at]), int(alike.of[at])),
            isolated_tag_reason(tags[0]) if stranger[at] else None,
        ]
        yield Suspect(
            row=row,
            genre_id=tags[0],
            suggested_genre_id=suggested,
            suspicion=round(float(suspicion[at]), 4),
            relation=genre_relation(suggested, tags, terms.broader),
            reasons=tuple(reason for reason in reasons if reason is not None),
        )


def _case_average(value: Floats, heard: _Alternatives, judged: AuditedTracks) -> Floats:
    """(m,): for each the mean over those with the same artist, tag and choice."""
    artist = artist_numbers(judged.artists)[heard.row]
    case = np.stack([artist, judged.y[heard.row], heard.choice], axis=1)
    _, place = np.unique(case, axis=0, return_inverse=True)
    return np.asarray((np.bincount(place, value) / np.bincount(place))[place])


def genre_relation(suggested: int, tags: Sequence[int], broader: Mapping[int, int | None]) -> Relation:
    """What a suggestion, which is none of the tags, is to the nearest of them."""
    above = path_to_top(suggested, broader)
    found: set[Relation] = set()
    for tag in tags:
        if suggested in path_to_top(tag, broader):
            found.add("broader")
        elif tag in above:
            found.add("narrower")
        elif broader.get(tag) is not None and broader.get(tag) == broader.get(suggested):
            found.add("sibling")
    order: tuple[Relation, ...] = ("broader", "narrower", "sibling")
    return next((kind for kind in order if kind in found), "different")
