"""Known artists: how good the catalog's answers are where the artist's other tracks may be asked as well as the sound."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from catalog.arrays import Integers
from catalog.learning.dataset.hierarchy import Hierarchy, path_to_top
from catalog.learning.dataset.labeled_tracks import LabeledTracks
from catalog.learning.dataset.snapshot import Snapshot
from catalog.learning.fitting.abstention import is_withheld
from catalog.learning.fitting.cross_fit import CrossFit
from catalog.learning.metrics.bootstrap import Interval
from catalog.learning.metrics.evaluation import evaluate
from catalog.learning.prediction.metadata_vote import leave_one_out_majority, suggestions
from catalog.learning.prediction.predictions import Suggestion, predictions_from_audio


@dataclass(frozen=True, slots=True)
class AnswersBy:
    """Answers of one source: `album`, `artist` or `sound`."""

    by: str
    tracks: int
    right: int


@dataclass(frozen=True, slots=True)
class ArtistAwareScore:
    """The score of what would be suggested for each tagged track if it alone had no tag."""

    accuracy: Interval
    """Of what is suggested, and of the likeliest genre by the sound where that is nothing, or no class."""
    macro_f1: Interval
    share_answered: float
    answered_precision: float | None
    """A broader or a narrower term counts as right."""
    answers: tuple[AnswersBy, ...]


def left_out_suggestions(
    frozen: Snapshot,
    fitted: CrossFit,
    tracks: LabeledTracks,
    hierarchy: Hierarchy,
    broader: Mapping[int, int | None],
    suggestable: Collection[int],
    *,
    no_music: npt.NDArray[np.bool_] | None = None,
) -> list[Suggestion | None]:
    """(n): what would be suggested for each track of the training set if it alone had no tag.

    By the rule for untagged tracks: its album's or artist's other tracks, with the sound as a check, else the sound;
    nothing for what is `no_music` (n,). The sound is that of a model that has not heard the artist, though for an
    untagged track it mostly has.
    """
    agreed = leave_one_out_majority(
        tracks.at(frozen.track_ids).tolist(),
        tracks.genres.tolist(),
        tracks.albums,
        tracks.artists,
        broader,
        suggestable=suggestable,
    )
    answers = fitted.answers
    if no_music is not None:
        agreed = [None if without else one for one, without in zip(agreed, no_music, strict=True)]
        answers = is_withheld(answers, no_music)
    sound = [
        None if one is None or one.genre_id not in suggestable else one
        for one in predictions_from_audio(answers, hierarchy)
    ]
    shares = fitted.probability.mean(axis=0)
    return suggestions(sound, agreed, fitted.probability, shares, hierarchy, broader)


def score_artist_aware(
    suggested: Sequence[Suggestion | None],
    heard: Integers,
    frozen: Snapshot,
    broader: Mapping[int, int | None],
) -> ArtistAwareScore:
    """Scores what was suggested for the n tracks of a training set, of which `prediction_chunk` (n,) is the likeliest class.

    Intervals draw artists anew.
    """
    right: dict[str, list[bool]] = {}
    for at, one in enumerate(suggested):
        if one is not None:
            own = frozen.classes[frozen.y[at]]
            hit = own in path_to_top(one.genre_id, broader) or one.genre_id in path_to_top(own, broader)
            right.setdefault(one.by, []).append(hit)
    choice = choices_with_artists(suggested, heard, frozen.classes, broader)
    evaluation = evaluate(frozen.y, choice, frozen.groups.number, len(frozen.classes), seed=frozen.seed)
    answered = [hit for hits in right.values() for hit in hits]
    return ArtistAwareScore(
        accuracy=evaluation.accuracy,
        macro_f1=evaluation.macro_f1,
        share_answered=len(answered) / len(suggested),
        answered_precision=sum(answered) / len(answered) if answered else None,
        answers=tuple(AnswersBy(by, len(hits), sum(hits)) for by, hits in sorted(right.items())),
    )


def choices_with_artists(
    suggested: Sequence[Suggestion | None],
    heard: Integers,
    classes: Sequence[int],
    broader: Mapping[int, int | None],
) -> Integers:
    """(n,): the class, as a column, of what was suggested; that which was `prediction_chunk` (n,) where it is nothing or no class."""
    column = {genre: at for at, genre in enumerate(classes)}
    choice = heard.copy()
    for at, one in enumerate(suggested):
        if one is not None:
            path = path_to_top(one.genre_id, broader)
            choice[at] = next((column[term] for term in path if term in column), choice[at])
    return choice
