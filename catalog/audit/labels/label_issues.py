"""Label issues: the genre tags that are probably wrong, ranked by suspicion, with reasons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from catalog.arrays import Booleans, Float32, Floats, Integers
from catalog.audit.labels.audited_tracks import AuditedTracks, GenreInfo, class_column
from catalog.audit.labels.model_evidence import (
    FLOOR,
    ModelEvidence,
    artist_numbers,
    class_separation,
    combine_evidence,
)
from catalog.audit.labels.neighbor_votes import NeighborVotes, others_of_artist
from catalog.audit.reasons import (
    artist_prediction_reason,
    artist_reason,
    isolated_tag_reason,
    neighbors_reason,
    prediction_reason,
)
from catalog.learning.dataset.hierarchy import path_to_top

Relation = Literal["broader", "narrower", "sibling", "different"]

MIN_SUSPICION = 0.35
MAX_SUSPECTS = 2_000
# Weights in units of log odds; docs/doubts.md describes how they were chosen.
PRIOR_LOG_ODDS = -1.5  # of a wrong tag if the model prefers another class, before any other evidence
CONFIDENCE_WEIGHT = 0.5
NEIGHBOR_WEIGHT = 0.3
NEIGHBORS_OF_ARTIST_WEIGHT = 0.6
"""Of the mean over the artist's tracks with that tag."""
ISOLATION_WEIGHT = 1.5
OTHERS_FOR_CHOICE = 0.5
OTHERS_FOR_TAG = 0.15
"""Much less: an artist's right tags agree with each other, and so do wrong ones."""


MIN_THRESHOLD = 2e-6
"""Of a class threshold."""


@dataclass(frozen=True)
class Suspect:
    """A label that is probably wrong."""

    row: int
    """Position of the track."""
    genre_id: int
    """The suspect tag: the audited tag, or another tag of a track with several."""
    suggested_genre_id: int
    suspicion: float
    """0 to 1: a score to rank by, not a probability."""
    relation: Relation
    """Of the suggestion to the nearest tag. `narrower` is not a suspicion: the tag could be more precise."""
    reasons: tuple[dict[str, Any], ...]
    """See `catalog.audit.reasons`; their neighbors are positions of tracks, too."""


@dataclass(frozen=True, eq=False)
class _Alternatives:
    """For m tracks the predicted class that competes with the tag, and the evidence for it."""

    row: Integers
    choice: Integers
    chosen: Floats
    """Probability of the choice."""
    own: Floats
    """Probability of the tag: of its subtree for a suspect, of its class alone if the choice is narrower."""
    margin: Floats
    """Log odds of the choice against the tag, from all weighted opinions."""
    for_choice: Booleans
    """(m, classes): classes that support the choice and not the tag."""
    for_tag: Booleans
    """(m, classes): classes that support the tag."""
    of_artist: bool = False
    """The tags of all the artist's tracks are in question, not only this one."""

    def only(self, kept: Integers) -> _Alternatives:
        """The alternatives at these positions."""
        arrays = {name: value[kept] for name, value in vars(self).items() if name != "of_artist"}
        return replace(self, **arrays)


@dataclass(frozen=True, eq=False)
class _ClassStatistics:
    """Statistics of the model and the labels, by class."""

    auc: Floats
    """(classes,): see `class_auc`."""
    thresholds: Floats
    """(classes,): mean probability of a class over the tracks tagged with it."""
    shares: Floats
    """(classes,): share of the tracks."""


def find_suspects(
    audited: AuditedTracks,
    genres: GenreInfo,
    *,
    opinions: ModelEvidence | None = None,
    least: float = MIN_SUSPICION,
    most: int = MAX_SUSPECTS,
) -> list[Suspect]:
    """The suspects, most suspicious first, and the narrower suggestions among them (see `Suspect.relation`).

    The most likely class outside the subtrees of the track's tags is the *choice*. A tag is suspect if the choice is
    more likely than every one of those subtrees, by all weighted opinions (see
    `catalog.audit.labels.model_evidence`). Either this tag is wrong, or the tags of all tracks of the artist are. Both
    hypotheses are scored, and the higher suspicion counts. The suspicion is the logistic function of a weighted sum:

    - the log ratio of the choice to the tag, weighted by the separation of both classes;
    - the tags of the nearest tracks by other artists;
    - for a single tag only: how much more likely than usual the choice is, and whether the tag is isolated among its
      neighbors, both weighted by the separation of the choice;
    - for a single tag only: whether the model is as sure of the choice as of tracks tagged with it (class thresholds of
      confident learning, Northcutt et al. 2021);
    - for a single tag only: the tags of the artist's other tracks.

    At most `most` with a suspicion of at least `least`. `opinions` saves a second call of `combine_evidence`.
    """
    if not len(audited.y):
        return []
    statistics = _class_statistics(audited)
    opinions = opinions or combine_evidence(audited, genres)
    # Neighbors cost most: they are searched only for tracks that could still be listed with them.
    scored = []
    for alternatives in (
        _alternatives_outside(audited, genres, opinions.alone, opinions.subtree),
        _artist_alternatives(audited, genres, opinions),
        _narrower_alternatives(audited, genres, statistics.thresholds),
    ):
        evidence = _prediction_evidence(alternatives, audited, statistics)
        kept = np.argsort(-evidence, kind="stable")[: 2 * most]
        scored.append((alternatives.only(kept), evidence[kept]))
    rows = np.concatenate([alternatives.row for alternatives, _ in scored])
    near = NeighborVotes.of(audited.vectors, audited.groups, rows)
    best: dict[tuple[int, bool], Suspect] = {}
    for alternatives, evidence in scored:
        for suspect in _suspects(alternatives, evidence, audited, genres, opinions, statistics, near, least):
            key = suspect.row, suspect.relation == "narrower"
            if key not in best or suspect.suspicion > best[key].suspicion:
                best[key] = suspect
    return sorted(best.values(), key=lambda suspect: (-suspect.suspicion, suspect.row))[:most]


def _class_statistics(audited: AuditedTracks) -> _ClassStatistics:
    counts = np.bincount(audited.y, minlength=audited.probability.shape[1])
    return _ClassStatistics(
        auc=class_separation(audited.probability, audited.y, audited.groups),
        thresholds=_confident_thresholds(audited.probability, audited.y),
        shares=np.maximum(counts / len(audited.y), FLOOR),
    )


def _confident_thresholds(probability: Floats, y: Integers) -> Floats:
    """(classes,): the mean probability of each class over the tracks labeled with it; 2 for a class without a track.

    The class thresholds of Northcutt, Jiang and Chuang, "Confident learning: estimating uncertainty in dataset labels"
    (2021), at least MIN_THRESHOLD as in cleanlab.
    """
    means = [probability[y == k, k].mean() if (y == k).any() else 2.0 for k in range(probability.shape[1])]
    return np.maximum(means, MIN_THRESHOLD)


def _tagged_classes(audited: AuditedTracks, genres: GenreInfo) -> Booleans:
    """(n, classes): the classes in the subtrees of a track's tags, also of tags that are no class."""
    hierarchy = genres.hierarchy
    nodes = class_column(hierarchy.nodes)
    tagged = hierarchy.below[audited.y].copy()
    for row, tags in enumerate(audited.tags):
        for genre_id in tags[1:]:
            node = nodes.get(genres.class_of(genre_id) or genre_id)
            if node is not None:
                tagged[row] |= hierarchy.below[node]
    return tagged


def _may_be_suggested(genres: GenreInfo) -> Booleans:
    classes = genres.hierarchy.classes
    return np.array([genres.suggestable is None or genre_id in genres.suggestable for genre_id in classes])


def _artist_alternatives(audited: AuditedTracks, genres: GenreInfo, opinions: ModelEvidence) -> _Alternatives:
    """Tracks whose artist's tracks together are predicted as a class outside the subtrees of all their tags."""
    alternatives = _alternatives_outside(audited, genres, opinions.together, opinions.together_subtree)
    has_company = np.flatnonzero(opinions.tracks[alternatives.row] > 1)
    return replace(alternatives.only(has_company), of_artist=True)


def _alternatives_outside(
    audited: AuditedTracks, genres: GenreInfo, alone: Float32, subtree: Float32
) -> _Alternatives:
    """Tracks that are predicted as a class outside the subtrees of all their tags."""
    below = genres.hierarchy.below[: len(genres.hierarchy.classes)]
    tagged = _tagged_classes(audited, genres)
    outside = np.where(tagged | ~_may_be_suggested(genres), -np.inf, alone)
    choice = outside.argmax(axis=1)
    rows = np.arange(len(choice))
    nearest = _nearest_tag(audited, genres, subtree)
    margin = (outside[rows, choice] - subtree[rows, nearest]).astype(np.float64)
    row = np.flatnonzero(margin > 0)
    return _Alternatives(
        row=row,
        choice=choice[row],
        chosen=audited.probability[row, choice[row]],
        own=(audited.probability[row] * below[nearest[row]]).sum(axis=1),
        margin=margin[row],
        for_choice=below[choice[row]] & ~tagged[row],
        for_tag=tagged[row],
    )


def _nearest_tag(audited: AuditedTracks, genres: GenreInfo, subtree: Float32) -> Integers:
    """(n,): for each track the column of the tag with the most likely subtree."""
    column = genres.column
    nearest = audited.y.copy()
    for row, tags in enumerate(audited.tags):
        if len(tags) > 1:
            further = [column.get(genres.class_of(genre_id)) for genre_id in tags[1:]]
            columns = [int(audited.y[row]), *(at for at in further if at is not None)]
            nearest[row] = max(columns, key=lambda at: float(subtree[row, at]))
    return nearest


def _narrower_alternatives(audited: AuditedTracks, genres: GenreInfo, thresholds: Floats) -> _Alternatives:
    """Tracks that are confidently predicted as a class below their tag."""
    hierarchy = genres.hierarchy
    classes = len(hierarchy.classes)
    rows = np.arange(len(audited.y))
    below = hierarchy.below[audited.y].copy()
    below[rows, audited.y] = False
    inside = np.where(below & _may_be_suggested(genres), audited.probability, -1.0)
    choice = inside.argmax(axis=1)
    chosen = inside[rows, choice]
    own = audited.probability[rows, audited.y]
    is_class = np.array([genres.class_of(tags[0]) == tags[0] for tags in audited.tags])
    is_single = np.array([len(tags) == 1 for tags in audited.tags])
    row = np.flatnonzero((chosen > own) & (chosen >= thresholds[choice]) & is_class & is_single)
    return _Alternatives(
        row=row,
        choice=choice[row],
        chosen=chosen[row],
        own=own[row],
        margin=np.log(np.maximum(chosen[row], FLOOR) / np.maximum(own[row], FLOOR)),
        for_choice=hierarchy.below[:classes][choice[row]],
        for_tag=np.eye(classes, dtype=np.bool_)[audited.y[row]],
    )


def _prediction_evidence(
    alternatives: _Alternatives, audited: AuditedTracks, statistics: _ClassStatistics
) -> Floats:
    """(m,): the log odds from the predictions alone, without other tracks' tags."""
    auc_of_choice = statistics.auc[alternatives.choice]
    auc_of_both = np.minimum(statistics.auc[audited.y[alternatives.row]], auc_of_choice)
    evidence = PRIOR_LOG_ODDS + auc_of_both * alternatives.margin
    if alternatives.of_artist:
        return evidence
    surprise = np.log(np.maximum(alternatives.chosen, FLOOR) / statistics.shares[alternatives.choice])
    evidence += (1 - auc_of_both) * auc_of_choice * np.maximum(surprise, 0.0)
    is_confident = alternatives.chosen >= statistics.thresholds[alternatives.choice]
    evidence += CONFIDENCE_WEIGHT * auc_of_both * is_confident
    return evidence


def _suspects(
    alternatives: _Alternatives,
    evidence: Floats,
    audited: AuditedTracks,
    genres: GenreInfo,
    opinions: ModelEvidence,
    statistics: _ClassStatistics,
    near: NeighborVotes,
    least: float,
) -> Iterator[Suspect]:
    """The alternatives with a suspicion of at least `least`, with reasons."""
    row, y = alternatives.row, audited.y
    for_choice, for_tag = alternatives.for_choice, alternatives.for_tag
    share_of_choice, share_of_tag = (
        classes.astype(np.float64) @ statistics.shares for classes in (for_choice, for_tag)
    )
    auc_of_choice = statistics.auc[alternatives.choice]
    auc_of_both = np.minimum(statistics.auc[y[row]], auc_of_choice)
    of_artist = others_of_artist(audited.artists, y, row, for_choice, for_tag)
    neighbors = near.count(row, y, for_choice, for_tag)
    from_neighbors = neighbors.log_odds(share_of_choice, share_of_tag)
    is_isolated = near.isolated_tags(row, np.array([tags[0] for tags in audited.tags], dtype=np.int64))
    if alternatives.of_artist:
        average = _case_average(from_neighbors, alternatives, audited)
        total = evidence + NEIGHBORS_OF_ARTIST_WEIGHT * auc_of_both * average
    else:
        from_artist = of_artist.log_odds(share_of_choice, share_of_tag)
        total = evidence + np.where(from_artist > 0, OTHERS_FOR_CHOICE, OTHERS_FOR_TAG) * from_artist
        total += NEIGHBOR_WEIGHT * auc_of_both * from_neighbors
        total += ISOLATION_WEIGHT * (1 - auc_of_both) * auc_of_choice * is_isolated
    suspicion = 1.0 / (1.0 + np.exp(-total))
    for at in np.flatnonzero(suspicion >= least):
        tags = audited.tags[row[at]]
        suggested = genres.hierarchy.classes[alternatives.choice[at]]
        near_tracks = near.of_others(int(row[at]))
        reasons = [
            *_prediction_reasons(alternatives, int(at), suggested, audited, opinions),
            artist_reason(
                suggested,
                int(of_artist.for_choice[at]),
                tags[0],
                int(of_artist.for_tag[at]),
                int(of_artist.of[at]),
            ),
            neighbors_reason(
                suggested, near_tracks, [each for each in near_tracks if for_choice[at, y[each]]]
            ),
            isolated_tag_reason(tags[0]) if is_isolated[at] else None,
        ]
        yield Suspect(
            row=int(row[at]),
            genre_id=tags[0],
            suggested_genre_id=suggested,
            suspicion=round(float(suspicion[at]), 4),
            relation=genre_relation(suggested, tags, genres.broader),
            reasons=tuple(reason for reason in reasons if reason is not None),
        )


def _prediction_reasons(
    alternatives: _Alternatives, at: int, suggested: int, audited: AuditedTracks, opinions: ModelEvidence
) -> list[dict[str, Any] | None]:
    """The prediction of the track and that of the artist's tracks; first the one that supports the suggestion."""
    row, choice = int(alternatives.row[at]), int(alternatives.choice[at])
    tag = audited.tags[row][0]
    chosen, own = float(alternatives.chosen[at]), float(alternatives.own[at])
    together = float(opinions.together[row, choice] - opinions.together[row, audited.y[row]])
    reasons = [
        prediction_reason(suggested, chosen, tag, own),
        artist_prediction_reason(
            suggested, tag, together / opinions.together_weight, int(opinions.tracks[row])
        ),
    ]
    return reasons if chosen >= own else reasons[::-1]


def _case_average(value: Floats, alternatives: _Alternatives, audited: AuditedTracks) -> Floats:
    """(m,): the mean over the tracks with the same artist, tag and choice."""
    artist = artist_numbers(audited.artists)[alternatives.row]
    case = np.stack([artist, audited.y[alternatives.row], alternatives.choice], axis=1)
    _, group = np.unique(case, axis=0, return_inverse=True)
    return np.asarray((np.bincount(group, value) / np.bincount(group))[group])


def genre_relation(suggested: int, tags: Sequence[int], broader: Mapping[int, int | None]) -> Relation:
    """The relation of a suggestion, which is not among the tags, to the nearest tag."""
    above = path_to_top(suggested, broader)
    relations: set[Relation] = set()
    for tag in tags:
        if suggested in path_to_top(tag, broader):
            relations.add("broader")
        elif tag in above:
            relations.add("narrower")
        elif broader.get(tag) is not None and broader.get(tag) == broader.get(suggested):
            relations.add("sibling")
    order: tuple[Relation, ...] = ("broader", "narrower", "sibling")
    return next((relation for relation in order if relation in relations), "different")
