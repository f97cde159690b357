"""Score of suggestions that may use the tags of the artist's other tracks as well as the audio."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from catalog.arrays import Booleans, Integers
from catalog.learning.dataset.catalog_tracks import CatalogTracks
from catalog.learning.dataset.hierarchy import Hierarchy, path_to_top
from catalog.learning.dataset.snapshot import Snapshot
from catalog.learning.fitting.abstention import withhold
from catalog.learning.fitting.cross_fit import CrossFit
from catalog.learning.metrics.bootstrap import Interval
from catalog.learning.metrics.evaluation import evaluate
from catalog.learning.prediction.metadata_vote import leave_one_out_majority, suggestions
from catalog.learning.prediction.predictions import Suggestion, predictions_from_audio


@dataclass(frozen=True, slots=True)
class SourceScore:
    """Correct suggestions of one source: `album`, `artist` or `audio`."""

    by: str
    tracks: int
    correct: int


@dataclass(frozen=True, slots=True)
class ArtistAwareScore:
    """The score of the suggestion that each tagged track would get if it alone had no tag."""

    accuracy: Interval
    """Of the suggestion; of the class predicted from audio where there is no suggestion or it is not a class."""
    macro_f1: Interval
    share_answered: float
    answered_precision: float | None
    """A broader or a narrower term counts as correct."""
    by_source: tuple[SourceScore, ...]


def suggestions_as_if_untagged(
    frozen: Snapshot,
    fitted: CrossFit,
    tracks: CatalogTracks,
    hierarchy: Hierarchy,
    broader: Mapping[int, int | None],
    suggestable: Collection[int],
    *,
    no_music: Booleans | None = None,
) -> list[Suggestion | None]:
    """(n): the suggestion that each track of the training set would get if it alone had no tag.

    Applies the rule for untagged tracks: the majority of the album's or artist's other tracks, checked against the
    audio; otherwise the audio; no suggestion where `no_music` (n,). The audio prediction is out of fold, by a model
    that was not fitted on the artist. The score is therefore cautious: the active model has seen most artists of
    untagged tracks.
    """
    majority = leave_one_out_majority(
        tracks.at(frozen.track_ids).tolist(),
        tracks.genres.tolist(),
        tracks.albums,
        tracks.artists,
        broader,
        suggestable=suggestable,
    )
    selections = fitted.selections
    if no_music is not None:
        majority = [None if without else vote for vote, without in zip(majority, no_music, strict=True)]
        selections = withhold(selections, no_music)
    from_audio = predictions_from_audio(selections, hierarchy, suggestable=suggestable)
    shares = fitted.probability.mean(axis=0)
    return suggestions(from_audio, majority, fitted.probability, shares, hierarchy, broader)


def score_artist_aware(
    suggested: Sequence[Suggestion | None],
    predicted: Integers,
    frozen: Snapshot,
    broader: Mapping[int, int | None],
) -> ArtistAwareScore:
    """Scores the suggestions for the n tracks of a training set; `predicted` (n,) is the class predicted from audio.

    Intervals resample artists.
    """
    correct: dict[str, list[bool]] = {}
    for at, suggestion in enumerate(suggested):
        if suggestion is not None:
            own = frozen.classes[frozen.y[at]]
            is_related = own in path_to_top(suggestion.genre_id, broader)
            is_related = is_related or suggestion.genre_id in path_to_top(own, broader)
            correct.setdefault(suggestion.by, []).append(is_related)
    choice = choices_with_artists(suggested, predicted, frozen.classes, broader)
    evaluation = evaluate(frozen.y, choice, frozen.groups.number, len(frozen.classes), seed=frozen.seed)
    answered = [is_related for values in correct.values() for is_related in values]
    return ArtistAwareScore(
        accuracy=evaluation.accuracy,
        macro_f1=evaluation.macro_f1,
        share_answered=len(answered) / len(suggested),
        answered_precision=sum(answered) / len(answered) if answered else None,
        by_source=tuple(SourceScore(by, len(values), sum(values)) for by, values in sorted(correct.items())),
    )


def choices_with_artists(
    suggested: Sequence[Suggestion | None],
    predicted: Integers,
    classes: Sequence[int],
    broader: Mapping[int, int | None],
) -> Integers:
    """(n,): the class column of each suggestion; `predicted` (n,) where there is none, or it is not a class."""
    column = {genre: at for at, genre in enumerate(classes)}
    choice = predicted.copy()
    for at, suggestion in enumerate(suggested):
        if suggestion is not None:
            path = path_to_top(suggestion.genre_id, broader)
            choice[at] = next((column[term] for term in path if term in column), choice[at])
    return choice
