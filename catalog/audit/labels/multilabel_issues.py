"""Multi-label issues: one wrong tag on a track whose other tag fits."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from catalog.arrays import Booleans, Floats, Integers
from catalog.audit.labels.audited_tracks import AuditedTracks, GenreInfo
from catalog.audit.labels.label_issues import (
    MAX_SUSPECTS,
    MIN_SUSPICION,
    NEIGHBOR_WEIGHT,
    OTHERS_FOR_CHOICE,
    PRIOR_LOG_ODDS,
    Suspect,
    genre_relation,
)
from catalog.audit.labels.model_evidence import FLOOR, ModelEvidence, class_separation, combine_evidence
from catalog.audit.reasons import other_tags_reason, prediction_reason
from catalog.learning.dataset.hierarchy import path_to_top
from catalog.similarity.nearest import NO_NEIGHBOR, nearest_of_other_groups

SMOOTHING = 0.5  # tracks, added to both counts of a ratio


@dataclass(frozen=True, slots=True)
class _Pair:
    """A suspect tag of a track, and the other tag, which fits."""

    row: int
    genre: int
    column: int
    """The class that the suspect tag counts for."""
    other: int
    other_column: int
    against: float
    """Log odds against the tag: how much less likely it is here than on an average track."""


def find_multilabel_issues(
    audited: AuditedTracks,
    genres: GenreInfo,
    *,
    opinions: ModelEvidence | None = None,
    least: float = MIN_SUSPICION,
    most: int = MAX_SUSPECTS,
) -> list[Suspect]:
    """The tags, in any position, that are suspect while another tag of the track fits, most suspicious first.

    Two correct genres share the probability between them: a low probability alone is no evidence. A tag is suspect
    if, by all weighted opinions, it is less likely than on an average track and the other tag is more likely. The
    artist's other tracks and the nearest tracks by other artists add to the log odds if they have only the other tag.
    Tags do not contradict each other if one is broader or both count for one class. The suggestion is the fitting
    tag: accepting it keeps that tag and removes the suspect one.
    """
    rows = [row for row, tags in enumerate(audited.tags) if len(tags) > 1]
    if not rows:
        return []
    opinions = opinions or combine_evidence(audited, genres)
    pairs = list(_candidate_pairs(audited, genres, opinions, rows))
    credibility = class_separation(audited.probability, audited.y, audited.groups)
    pairs.sort(key=lambda pair: (-pair.against, pair.row, pair.genre))
    scored = _score_pairs(pairs[: 2 * most], audited, genres, credibility)
    suspects = [suspect for suspect in scored if suspect.suspicion >= least]
    return sorted(suspects, key=lambda suspect: (-suspect.suspicion, suspect.row, suspect.genre_id))[:most]


def _candidate_pairs(
    audited: AuditedTracks, genres: GenreInfo, opinions: ModelEvidence, rows: list[int]
) -> Iterator[_Pair]:
    column = genres.column
    below = genres.hierarchy.below[: len(column)]
    share = np.bincount(audited.y, minlength=len(column)) / len(audited.y)
    subtree_share = np.maximum(below @ share, FLOOR)
    average = opinions.weight * np.log(subtree_share)
    for row in rows:
        columns = {
            genre: column[genres.class_of(genre)]
            for genre in audited.tags[row]
            if genres.class_of(genre) in column
        }
        log_odds = {genre: float(opinions.subtree[row, at] - average[at]) for genre, at in columns.items()}
        for genre, of_genre in log_odds.items():
            others = [
                other
                for other, of_other in log_odds.items()
                if of_other > 0
                and columns[other] != columns[genre]
                and not _are_related(genre, other, genres)
            ]
            if of_genre >= 0 or not others:
                continue
            other = max(others, key=log_odds.__getitem__)
            at = columns[genre]
            if float(audited.probability[row] @ below[at]) >= subtree_share[at]:
                continue  # the model predicts the tag; the artist's other tracks alone are not enough against it
            yield _Pair(row, genre, at, other, columns[other], -of_genre)


def _are_related(genre: int, other: int, genres: GenreInfo) -> bool:
    return genre in path_to_top(other, genres.broader) or other in path_to_top(genre, genres.broader)


def _score_pairs(
    pairs: list[_Pair], audited: AuditedTracks, genres: GenreInfo, credibility: Floats
) -> Iterator[Suspect]:
    if not pairs:
        return
    below = genres.hierarchy.below
    has = _classes_of_tags(audited, genres)
    rows_of: defaultdict[object, list[int]] = defaultdict(list)
    for row, artist in enumerate(audited.artists):
        if artist is not None:
            rows_of[artist].append(row)
    neighbors = _nearest(audited, np.array([pair.row for pair in pairs], dtype=np.int64))
    for pair, near in zip(pairs, neighbors, strict=True):
        artist = audited.artists[pair.row]
        others = [row for row in rows_of[artist] if row != pair.row] if artist is not None else []
        auc_of_both = float(min(credibility[pair.column], credibility[pair.other_column]))
        total = PRIOR_LOG_ODDS + auc_of_both * pair.against
        total += OTHERS_FOR_CHOICE * _log_odds(has, others, pair)
        total += NEIGHBOR_WEIGHT * auc_of_both * _log_odds(has, near, pair)
        fitting, own = (
            float(audited.probability[pair.row] @ below[column])
            for column in (pair.other_column, pair.column)
        )
        yield Suspect(
            row=pair.row,
            genre_id=pair.genre,
            suggested_genre_id=pair.other,
            suspicion=round(float(1 / (1 + np.exp(-total))), 4),
            relation=genre_relation(pair.other, [pair.genre], genres.broader),
            reasons=(
                prediction_reason(pair.other, fitting, pair.genre, own),
                other_tags_reason(
                    pair.genre, pair.other, near, [row for row in near if has[row, pair.column]]
                ),
            ),
        )


def _classes_of_tags(audited: AuditedTracks, genres: GenreInfo) -> Booleans:
    """(n, classes): the classes that a track's tags, in any position, count for."""
    column = genres.column
    has = np.zeros((len(audited.y), len(column)), dtype=np.bool_)
    for row, tags in enumerate(audited.tags):
        for genre in tags:
            at = column.get(genres.class_of(genre))
            if at is not None:
                has[row, at] = True
    return has


def _nearest(audited: AuditedTracks, rows: Integers) -> list[list[int]]:
    if audited.vectors is None:
        return [[] for _ in rows]
    near = nearest_of_other_groups(audited.vectors, audited.groups, rows)
    return [[position for position in positions if position != NO_NEIGHBOR] for positions in near.tolist()]


def _log_odds(has: Booleans, rows: list[int], pair: _Pair) -> float:
    """Log ratio of these tracks with the other tag alone to those with the suspect tag."""
    suspect = has[rows, pair.column]
    without = int((has[rows, pair.other_column] & ~suspect).sum())
    return float(np.log((without + SMOOTHING) / (int(suspect.sum()) + SMOOTHING)))
