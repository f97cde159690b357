"""Label issues: which genre tags are probably wrong, ranked, with the evidence."""

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from catalog.audit.credibility import class_credibility
from catalog.audit.neighbours import NOBODY, Matrix, nearest_of_other_groups
from catalog.audit.reasons import (
    artist_reason,
    neighbour_reason,
    sound_reason,
    stranger_reason,
    together_reason,
)
from catalog.audit.sound import FLOOR, Sound, weigh_sound
from catalog.learning.hierarchy import Hierarchy, path_to_top

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Relation = Literal["broader", "narrower", "sibling", "different"]

LEAST_SUSPICION = 0.35
MOST_SUSPECTS = 2_000
# Weights of the evidence beside the sound, in units of log odds: see there where they come from.
WRONG = -1.5  # before any evidence beyond the sound's being liker to something else
CONFIDENT = 0.5
NEIGHBOUR = 0.3
STRANGER = 1.5
FEWEST_ALIKE = 5
"""Tracks with a tag before one of them can be a stranger there."""
OTHERS_FOR_CHOICE = 0.5
OTHERS_FOR_TAG = 0.15
"""Much less: right tags come by the artist, and wrong ones do too."""


@dataclass(frozen=True, eq=False)
class Judged:
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
    """(n, dimensions) of the feature set whose neighbours are asked, or None: then they are not asked."""
    further: Sequence[Matrix] = ()
    """Vectors of other feature sets, each (n, dimensions)."""


@dataclass(frozen=True)
class Terms:
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
    """Each with its `kind` (`sound`, `artist`, `neighbours`), its numbers, and `words`; JSON can hold them."""


@dataclass(frozen=True, eq=False)
class _Heard:
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


def find_suspects(
    judged: Judged,
    terms: Terms,
    *,
    sound: Sound | None = None,
    least: float = LEAST_SUSPICION,
    most: int = MOST_SUSPECTS,
) -> list[Suspect]:
    """The doubted labels, most suspicious first; among them, apart by `relation`, tags that could be more precise.

    A tag is doubted where, all opinions on the sound weighed (see `catalog.audit.sound`), a class outside the subtrees of
    all tags is likelier than the likeliest of those subtrees. What is added up, as log odds: how much likelier, as far as
    the model knows both classes; for the rest, as far as it knows the class of the choice, how much likelier than usual
    that is, and whether the track is a stranger among those with the same tag; whether it is as sure of it as of tracks that are so tagged (the class thresholds of confident learning,
    Northcutt et al. 2021, by cleanlab); how the nearest tracks by other artists are tagged, and the artist's other tracks.

    At most `most` with a suspicion of at least `least`. `sound` is what `listen` gives, where it is known already.
    """
    if not len(judged.y):
        return []
    credibility = class_credibility(judged.probability, judged.y, judged.groups)
    thresholds = _confident_thresholds(judged.probability, judged.y)
    suspects: list[Suspect] = []
    sound = sound or listen(judged, terms)
    for heard in (_doubted(judged, terms, sound), _could_be_narrower(judged, terms, thresholds)):
        suspects += _weighed(heard, judged, terms, sound, credibility, thresholds, least=least, most=most)
    suspects.sort(key=lambda suspect: (-suspect.suspicion, suspect.row))
    return suspects[:most]


def listen(judged: Judged, terms: Terms) -> Sound:
    """What all opinions on the sound come to."""
    return weigh_sound(
        judged.probability,
        judged.y,
        judged.groups,
        judged.artists,
        terms.hierarchy,
        judged.vectors,
        judged.further,
    )


def _confident_thresholds(probability: Floats, y: Integers) -> Floats:
    """(classes,): how sure the model is of a class, on average, of the tracks that are so tagged."""
    from cleanlab.count import get_confident_thresholds  # a second to import, for audits only

    return np.asarray(get_confident_thresholds(labels=y, pred_probs=probability), dtype=np.float64)


def _tagged_classes(judged: Judged, terms: Terms) -> npt.NDArray[np.bool_]:
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


def _may_be_suggested(terms: Terms) -> npt.NDArray[np.bool_]:
    classes = terms.hierarchy.classes
    return np.array([terms.suggestable is None or genre in terms.suggestable for genre in classes])


def _doubted(judged: Judged, terms: Terms, sound: Sound) -> _Heard:
    """Tracks that sound like a class outside the subtrees of all their tags."""
    below = terms.hierarchy.below[: len(terms.hierarchy.classes)]
    covered = _tagged_classes(judged, terms)
    outside = np.where(covered | ~_may_be_suggested(terms), -np.inf, sound.alone)
    choice = outside.argmax(axis=1)
    rows = np.arange(len(choice))
    nearest = _nearest_tag(judged, terms, sound)
    margin = (outside[rows, choice] - sound.subtree[rows, nearest]).astype(np.float64)
    row = np.flatnonzero(margin > 0)
    tag = nearest[row]
    return _Heard(
        row=row,
        choice=choice[row],
        chosen=judged.probability[row, choice[row]],
        own=(judged.probability[row] * below[tag]).sum(axis=1),
        margin=margin[row],
        for_choice=below[choice[row]] & ~covered[row],
        for_tag=covered[row],
    )


def _nearest_tag(judged: Judged, terms: Terms, sound: Sound) -> Integers:
    """(n,): of a track's tags the column of the one whose subtree it sounds most like."""
    column = {genre: at for at, genre in enumerate(terms.hierarchy.classes)}
    nearest = judged.y.copy()
    for row, tags in enumerate(judged.tags):
        if len(tags) > 1:
            counted = [column.get(terms.counts_for.get(genre) or 0) for genre in tags[1:]]
            columns = [int(judged.y[row]), *(at for at in counted if at is not None)]
            nearest[row] = max(columns, key=lambda at: float(sound.subtree[row, at]))
    return nearest


def _could_be_narrower(judged: Judged, terms: Terms, thresholds: Floats) -> _Heard:
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
    return _Heard(
        row=row,
        choice=choice[row],
        chosen=chosen[row],
        own=own[row],
        margin=np.log(np.maximum(chosen[row], FLOOR) / np.maximum(own[row], FLOOR)),
        for_choice=hierarchy.below[:classes][choice[row]],
        for_tag=np.eye(classes, dtype=np.bool_)[judged.y[row]],
    )


def _weighed(
    heard: _Heard,
    judged: Judged,
    terms: Terms,
    sound: Sound,
    credibility: Floats,
    thresholds: Floats,
    *,
    least: float,
    most: int,
) -> list[Suspect]:
    """The suspects among what was heard, with reasons."""
    usual = np.maximum(np.bincount(judged.y, minlength=len(credibility)) / len(judged.y), FLOOR)
    known, known_choice = credibility[judged.y[heard.row]], credibility[heard.choice]
    both = np.minimum(known, known_choice)
    evidence = WRONG + both * heard.margin
    surprise = np.log(np.maximum(heard.chosen, FLOOR) / usual[heard.choice])
    evidence += (1 - both) * known_choice * np.maximum(surprise, 0.0)
    evidence += CONFIDENT * both * (heard.chosen >= thresholds[heard.choice])
    # Neighbours cost most: they are asked for those only that could still be listed with them.
    kept = np.argsort(-evidence, kind="stable")[: 2 * most]
    for_choice, for_tag = heard.for_choice[kept], heard.for_tag[kept]
    usual_choice, usual_tag = (which.astype(np.float64) @ usual for which in (for_choice, for_tag))
    others = _others_of_artist(judged, heard.row[kept], for_choice, for_tag)
    alike = _neighbours(judged, heard.row[kept], for_choice, for_tag)
    by_others = others.log_odds(usual_choice, usual_tag)
    total = evidence[kept] + np.where(by_others > 0, OTHERS_FOR_CHOICE, OTHERS_FOR_TAG) * by_others
    total += NEIGHBOUR * both[kept] * alike.log_odds(usual_choice, usual_tag)
    stranger = _strangers(judged, heard.row[kept])
    total += STRANGER * (1 - both[kept]) * known_choice[kept] * stranger
    suspicion = 1.0 / (1.0 + np.exp(-total))
    suspects = []
    for at in np.flatnonzero(suspicion >= least):
        row, choice = int(heard.row[kept[at]]), int(heard.choice[kept[at]])
        tags, suggested = judged.tags[row], terms.hierarchy.classes[choice]
        reasons = [
            sound_reason(
                suggested, float(heard.chosen[kept[at]]), tags[0], float(heard.own[kept[at]]), terms.names
            ),
            together_reason(
                suggested,
                tags[0],
                float(sound.together[row, choice] - sound.together[row, judged.y[row]]),
                int(sound.tracks[row]),
                terms.names,
            ),
            artist_reason(
                suggested,
                int(others.for_choice[at]),
                tags[0],
                int(others.for_tag[at]),
                int(others.of[at]),
                terms.names,
            ),
            neighbour_reason(suggested, int(alike.for_choice[at]), int(alike.of[at]), terms.names),
            stranger_reason(tags[0], bool(stranger[at]), terms.names),
        ]
        suspects.append(
            Suspect(
                row=row,
                genre_id=tags[0],
                suggested_genre_id=suggested,
                suspicion=round(float(suspicion[at]), 4),
                relation=relation(suggested, tags, terms.broader),
                reasons=tuple(reason for reason in reasons if reason is not None),
            )
        )
    return suspects


@dataclass(frozen=True, eq=False)
class _Counted:
    """Of m tracks how many others there are, and how many of them speak for the choice and for the tag."""

    of: Integers
    for_choice: Integers
    for_tag: Integers

    def log_odds(self, usual_choice: Floats, usual_tag: Floats) -> Floats:
        """(m,): how much oftener the choice than the tag, one more track being mixed as all are; 0 without others."""
        ratio = np.log((self.for_choice + usual_choice) / (self.for_tag + usual_tag))
        return np.asarray(np.where(self.of > 0, ratio, 0.0))


def _others_of_artist(
    judged: Judged, row: Integers, for_choice: npt.NDArray[np.bool_], for_tag: npt.NDArray[np.bool_]
) -> _Counted:
    names = {artist: at for at, artist in enumerate(dict.fromkeys(judged.artists))}
    artist = np.array([names[name] for name in judged.artists], dtype=np.int64)
    table = np.zeros((len(names), judged.probability.shape[1]), dtype=np.int64)
    np.add.at(table, (artist, judged.y), 1)
    if None in names:
        table[names[None]] = 0
    others = table[artist[row]]
    others[np.arange(len(row)), judged.y[row]] -= 1
    others = np.maximum(others, 0)  # nobody's other tracks are nobody's
    return _Counted(others.sum(axis=1), (others * for_choice).sum(axis=1), (others * for_tag).sum(axis=1))


def _neighbours(
    judged: Judged, row: Integers, for_choice: npt.NDArray[np.bool_], for_tag: npt.NDArray[np.bool_]
) -> _Counted:
    if judged.vectors is None or not len(row):
        none = np.zeros(len(row), dtype=np.int64)
        return _Counted(none, none, none)
    near = nearest_of_other_groups(judged.vectors, judged.groups, row)
    there = near != NOBODY
    classes = judged.y[np.maximum(near, 0)]
    speaks = [np.take_along_axis(which, classes, axis=1) & there for which in (for_choice, for_tag)]
    return _Counted(there.sum(axis=1), *(which.sum(axis=1) for which in speaks))


def _strangers(judged: Judged, row: Integers) -> npt.NDArray[np.bool_]:
    """(m,): whether at most one of the nearest tracks by whomever has the same tag, as written, which five have.

    It tells the one wrong tag in a genre that no model knows because nearly all of it is by one artist.
    """
    if judged.vectors is None or not len(row):
        return np.zeros(len(row), dtype=np.bool_)
    written = np.array([tags[0] for tags in judged.tags], dtype=np.int64)
    near = nearest_of_other_groups(judged.vectors, np.arange(len(written)), row)
    same = ((written[np.maximum(near, 0)] == written[row, None]) & (near != NOBODY)).sum(axis=1)
    _, place, size = np.unique(written, return_inverse=True, return_counts=True)
    return np.asarray((size[place[row]] >= FEWEST_ALIKE) & (same <= 1))


def relation(suggested: int, tags: Sequence[int], broader: Mapping[int, int | None]) -> Relation:
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
