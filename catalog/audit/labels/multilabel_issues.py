"""One wrong genre among several right ones: tags that the sound speaks against on a track whose other tag fits it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from catalog.arrays import Booleans
from catalog.audit.labels.class_auc import class_auc
from catalog.audit.labels.label_issues import (
    MAX_SUSPECTS,
    MIN_SUSPICION,
    NEIGHBOR_WEIGHT,
    OTHERS_FOR_CHOICE,
    PRIOR_LOG_ODDS,
    AuditedTracks,
    GenreInfo,
    Suspect,
    combine_evidence,
    genre_relation,
)
from catalog.audit.labels.model_evidence import FLOOR, ModelEvidence
from catalog.audit.reasons import other_tags_reason, prediction_reason
from catalog.learning.dataset.hierarchy import path_to_top
from catalog.similarity.nearest import NOBODY, nearest_of_other_groups

SMOOTHING = 0.5  # a track, added to what is counted: nothing is told by none


@dataclass(frozen=True, slots=True)
class _Pair:
    """A doubted tag of a track, and the other tag that fits."""

    row: int
    genre: int
    column: int
    """The class that the doubted tag counts for."""
    other: int
    other_column: int
    against: float
    """By how much less likely the tag is here than of any track, in log odds."""


def find_multilabel_issues(
    judged: AuditedTracks,
    terms: GenreInfo,
    *,
    sound: ModelEvidence | None = None,
    least: float = MIN_SUSPICION,
    most: int = MAX_SUSPECTS,
) -> list[Suspect]:
    """The tags at whatever place that are doubted though, or because, another tag of the track fits, gravest first.

    Two genres share one probability, so that the less likely is not wrong for being less likely than the other. It is
    doubted where the sound, all opinions weighed, makes it less likely than it is of any track, and the other one more
    likely. To that is added how many of the artist's other tracks, and of the nearest tracks by other artists, have the
    other tag without it. Tags of which one is broader, or that count for one class, do not contradict each other. The
    suggestion is the tag that fits: accepted, it is all that is left of the two.
    """
    several = [row for row, tags in enumerate(judged.tags) if len(tags) > 1]
    if not several:
        return []
    sound = sound or combine_evidence(judged, terms)
    pairs = list(_candidate_pairs(judged, terms, sound, several))
    credibility = class_auc(judged.probability, judged.y, judged.groups)
    pairs.sort(key=lambda pair: (-pair.against, pair.row, pair.genre))
    found = _score_pairs(pairs[: 2 * most], judged, terms, credibility)
    kept = [suspect for suspect in found if suspect.suspicion >= least]
    return sorted(kept, key=lambda suspect: (-suspect.suspicion, suspect.row, suspect.genre_id))[:most]


def _candidate_pairs(
    judged: AuditedTracks, terms: GenreInfo, sound: ModelEvidence, several: list[int]
) -> Iterator[_Pair]:
    column = {genre: at for at, genre in enumerate(terms.hierarchy.classes)}
    below = terms.hierarchy.below[: len(column)]
    share = np.bincount(judged.y, minlength=len(column)) / len(judged.y)
    usual = np.maximum(below @ share, FLOOR)
    weighed = sound.weight * np.log(usual)
    for row in several:
        classes = {genre: column.get(terms.counts_for.get(genre) or 0) for genre in judged.tags[row]}
        liker = {
            genre: float(sound.subtree[row, at] - weighed[at])
            for genre, at in classes.items()
            if at is not None
        }
        for genre, less in liker.items():
            others = [
                other
                for other, more in liker.items()
                if more > 0 and classes[other] != classes[genre] and not _are_related(genre, other, terms)
            ]
            if less >= 0 or not others:
                continue
            other = max(others, key=lambda each: liker[each])
            at, there = classes[genre], classes[other]
            assert at is not None, "only tags that count for a class are among these"
            assert there is not None, "the same"
            if float(judged.probability[row] @ below[at]) >= usual[at]:
                continue  # the model itself hears it: that the artist's other tracks are otherwise is not enough
            yield _Pair(row, genre, at, other, there, -less)


def _are_related(genre: int, other: int, terms: GenreInfo) -> bool:
    return genre in path_to_top(other, terms.broader) or other in path_to_top(genre, terms.broader)


def _score_pairs(
    pairs: list[_Pair], judged: AuditedTracks, terms: GenreInfo, credibility: npt.NDArray[np.float64]
) -> Iterator[Suspect]:
    if not pairs:
        return
    below = terms.hierarchy.below
    has = _classes_of_tags(judged, terms)
    rows_of: defaultdict[object, list[int]] = defaultdict(list)
    for row, artist in enumerate(judged.artists):
        if artist is not None:
            rows_of[artist].append(row)
    near = _nearest(judged, np.array([pair.row for pair in pairs], dtype=np.int64))
    for pair, alike in zip(pairs, near, strict=True):
        artist = judged.artists[pair.row]
        others = [row for row in rows_of[artist] if row != pair.row] if artist is not None else []
        both = float(min(credibility[pair.column], credibility[pair.other_column]))
        total = PRIOR_LOG_ODDS + both * pair.against
        total += OTHERS_FOR_CHOICE * _log_odds(has, others, pair)
        total += NEIGHBOR_WEIGHT * both * _log_odds(has, alike, pair)
        heard, own = (
            float(judged.probability[pair.row] @ below[column]) for column in (pair.other_column, pair.column)
        )
        reasons = (
            prediction_reason(pair.other, heard, pair.genre, own),
            other_tags_reason(pair.genre, pair.other, int(has[alike, pair.column].sum()), len(alike)),
        )
        yield Suspect(
            row=pair.row,
            genre_id=pair.genre,
            suggested_genre_id=pair.other,
            suspicion=round(float(1 / (1 + np.exp(-total))), 4),
            relation=genre_relation(pair.other, [pair.genre], terms.broader),
            reasons=reasons,
        )


def _classes_of_tags(judged: AuditedTracks, terms: GenreInfo) -> Booleans:
    """(n, classes): the classes that a track's tags, whichever place they have, count for."""
    column = {genre: at for at, genre in enumerate(terms.hierarchy.classes)}
    has = np.zeros((len(judged.y), len(column)), dtype=np.bool_)
    for row, tags in enumerate(judged.tags):
        for genre in tags:
            at = column.get(terms.counts_for.get(genre) or 0)
            if at is not None:
                has[row, at] = True
    return has


def _nearest(judged: AuditedTracks, rows: npt.NDArray[np.int64]) -> list[list[int]]:
    if judged.vectors is None:
        return [[] for _ in rows]
    near = nearest_of_other_groups(judged.vectors, judged.groups, rows)
    return [[at for at in found if at != NOBODY] for found in near.tolist()]


def _log_odds(has: Booleans, rows: list[int], pair: _Pair) -> float:
    """How much oftener these tracks have the other tag without the doubted one than the doubted one."""
    doubted = has[rows, pair.column]
    without = int((has[rows, pair.other_column] & ~doubted).sum())
    return float(np.log((without + SMOOTHING) / (int(doubted.sum()) + SMOOTHING)))
