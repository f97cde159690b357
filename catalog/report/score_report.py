"""Score report of a model as text: out-of-fold scores, baselines, genres, calibration."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from catalog.report.formatting import LONGEST_GENRE, safe_text
from catalog.text import pluralize

if TYPE_CHECKING:
    from catalog.learning.metrics.bootstrap import Interval
    from catalog.learning.scoring.hierarchy_selection import StructureChoice
    from catalog.learning.scoring.model_metrics import ConfusionMatrix, ModelMetrics

WIDTH = 44
MOST_GENRES = 30
MOST_CONFUSIONS = 5
TOP = 3


def score_report(metrics: ModelMetrics) -> list[str]:
    """The lines of the report; docs/scores.md explains each."""
    parts = (
        _basis,
        _accuracy,
        _genres,
        _calibration,
        _abstention,
        _albums,
        _priors,
        _multilabel,
        _official_split,
        _corrected_labels,
    )
    return [line for part in parts for line in part(metrics)]


def _basis(metrics: ModelMetrics) -> Iterator[str]:
    yield f"Out of fold, grouped by artist: {metrics.tracks:,} tracks, {metrics.classes:,} genres"
    yield (
        f"{metrics.groups:,} groups of connected tracks, the largest of {metrics.largest_group:,}; "
        f"{metrics.without_artist_share:.0%} of the tracks have no known artist"
    )
    if search := metrics.search:
        method = "by nested search" if search.nested else "with the choice made on the other folds"
        yield (
            f"selected from {pluralize(search.candidates, 'candidate')}: the first three scores are computed {method}; "
            "the scores below them are those of the selected model and slightly optimistic"
        )
        own = search.as_fitted
        if own is not None and metrics.hierarchy is not None and metrics.hierarchy.chosen == "local":
            yield (
                "the search compared flat classifiers, and the first three scores are theirs; this model has one "
                f"classifier per parent genre: accuracy {own.accuracy.value:.0%}, macro F1 {own.macro_f1.value:.0%}"
            )
    else:
        seeds = (
            "1 fold seed"
            if metrics.fold_seeds == 1
            else f"{metrics.fold_seeds} fold seeds; the first three scores are means"
        )
        yield f"{metrics.folds} folds, {seeds}; in brackets the 95 % interval (bootstrap over artists)"


def _accuracy(metrics: ModelMetrics) -> Iterator[str]:
    yield ""
    yield _row("accuracy", _interval(metrics.accuracy))
    yield _row("balanced accuracy", _interval(metrics.balanced_accuracy))
    yield _row("macro F1", _interval(metrics.macro_f1))
    if metrics.classes > TOP:
        yield _row("top-3 accuracy", _interval(metrics.top_3_accuracy))
    first = metrics.hierarchical.first_choice
    yield _row("hierarchical", f"precision {first.precision:.0%}, recall {first.recall:.0%}")
    if metrics.hierarchy is not None:
        yield _row("subgenres", _structure(metrics.hierarchy))
    yield _row("baseline: most common genre", _interval(metrics.baselines.majority))
    yield _row("baseline: artist's other tracks", _interval(metrics.baselines.artist_copy))
    yield _row("audio and artist's other tracks", _interval(metrics.artist_aware.accuracy))
    yield _row("", f"macro F1 {_interval(metrics.artist_aware.macro_f1)}")
    if random_folds := metrics.random_folds:
        yield _row(
            "random folds (too optimistic)",
            f"{random_folds.accuracy:.0%}, macro F1 {random_folds.macro_f1:.0%}",
        )


def _structure(choice: StructureChoice) -> str:
    """The structure for genres with subgenres, and the scores that decided."""
    names = {"local": "one classifier per parent genre", "flat": "one flat classifier"}
    scores = [
        f"{name} macro F1 {score.macro_f1:.3f} and hierarchical F1 {score.hierarchical_f1:.3f}"
        for name, score in (("local", choice.local), ("flat", choice.flat))
        if score is not None
    ]
    return names[choice.chosen] + (f" ({', '.join(scores)})" if scores else "")


def _genres(metrics: ModelMetrics) -> Iterator[str]:
    yield ""
    rows = sorted(metrics.per_class, key=lambda row: -row.tracks)
    names = [safe_text(row.genre, LONGEST_GENRE) for row in rows]
    width = max(len("genre"), *(len(name) for name in names[:MOST_GENRES]))
    yield f"  {'genre':{width}}  tracks  recall  precision"
    for name, row in list(zip(names, rows, strict=True))[:MOST_GENRES]:
        yield f"  {name:{width}}  {row.tracks:>6,}  {row.recall:>6.0%}  {row.precision:>9.0%}"
    if len(rows) > MOST_GENRES:
        yield f"  and {len(rows) - MOST_GENRES:,} more; see --json"
    if confusions := _confusions(metrics.confusion):
        yield f"  most confused: {'; '.join(confusions)}"


def _confusions(confusion: ConfusionMatrix) -> list[str]:
    genres = confusion.genres
    confusions = [
        (tracks, genres[tagged], genres[predicted])
        for tagged, row in enumerate(confusion.tracks)
        for predicted, tracks in enumerate(row)
        if tracks and tagged != predicted
    ]
    confusions.sort(key=lambda item: (-item[0], item[1], item[2]))
    return [
        f"{safe_text(tagged, LONGEST_GENRE)} predicted as {safe_text(predicted, LONGEST_GENRE)} ({tracks:,})"
        for tracks, tagged, predicted in confusions[:MOST_CONFUSIONS]
    ]


def _calibration(metrics: ModelMetrics) -> Iterator[str]:
    perfect = metrics.calibration_error_if_perfect
    by_artist = metrics.calibration_error_if_perfect_by_artist
    yield ""
    yield _row("log loss, Brier score", f"{metrics.log_loss:.3f}, {metrics.brier_score:.3f}")
    yield _row(
        "calibration error",
        f"{metrics.calibration_error:.3f} (perfectly calibrated model of this size: up to {perfect.high:.3f}, "
        f"and {by_artist.high:.3f} if errors are shared by all tracks of an artist)",
    )


def _abstention(metrics: ModelMetrics) -> Iterator[str]:
    yield ""
    precision = metrics.answered_precision
    correct = "" if precision is None else f", {precision:.0%} of them correct"
    yield _row("tracks with a suggestion", f"{metrics.share_answered:.0%}{correct}")
    points = [point for point in metrics.accuracy_at_share if round(point.share * 10) % 2 == 0]
    yield _row(
        "accuracy of the most probable",
        ", ".join(f"{point.accuracy:.0%} of {point.share:.0%}" for point in points),
    )
    yield from metrics.confidence_warnings


def _albums(metrics: ModelMetrics) -> Iterator[str]:
    score = metrics.by_album
    if score.by_track is None or score.by_album is None:
        return
    yield _row(
        f"{score.tracks:,} tracks of {score.albums:,} albums",
        f"by track {score.by_track.accuracy:.0%}, macro F1 {score.by_track.macro_f1:.0%}; "
        f"by album {score.by_album.accuracy:.0%}, macro F1 {score.by_album.macro_f1:.0%}",
    )
    yield _row("untagged tracks are predicted", f"by {score.unit}: {score.reason}")


def _priors(metrics: ModelMetrics) -> Iterator[str]:
    """Empty with too few untagged tracks for a comparison."""
    if metrics.priors is not None and (score := metrics.priors.macro_f1) is not None:
        state = "on" if metrics.priors.corrected else "off"
        yield _row(
            "prior correction for untagged tracks",
            f"{state}: macro F1 of tagged tracks weighted like the untagged {score.uncorrected:.3f} without, "
            f"{score.corrected:.3f} with correction",
        )


def _multilabel(metrics: ModelMetrics) -> Iterator[str]:
    score = metrics.several_genres
    if score is None:
        return
    values = [row.value for row in score.average_precision if row.value is not None]
    bounds = [row.at_least for row in score.average_precision if row.at_least is not None]
    mean = f"at least {sum(bounds) / len(bounds):.0%}" if bounds else ""
    if values:
        mean = f"{sum(values) / len(values):.0%} on tracks with complete tags, {mean} on all"
    yield _row("mean average precision", f"{mean} ({score.tracks_with_several:,} tracks have several genres)")


def _official_split(metrics: ModelMetrics) -> Iterator[str]:
    score = metrics.official_split
    if score is None:
        return
    yield _row(
        f"official split of {score.data_set}",
        f"{_interval(score.accuracy)}, macro F1 {score.macro_f1.value:.0%}, of {score.test:,} test tracks"
        # The search used all tracks, including the test part.
        + (" (optimistic: the search used them too)" if metrics.search else ""),
    )


def _corrected_labels(metrics: ModelMetrics) -> Iterator[str]:
    scores = metrics.corrected_labels
    if scores is None:
        return
    without, corrected = scores.without_suspects, scores.corrected
    if without.accuracy is not None:
        yield _row(
            f"without {without.suspects:,} suspects",
            f"{without.accuracy:.0%}, macro F1 {without.macro_f1:.0%} (optimistic: the model chose the suspects)",
        )
    if corrected.changed and corrected.accuracy is not None:
        yield _row(
            f"with {pluralize(corrected.changed, 'corrected tag')}",
            f"{corrected.accuracy:.0%}, macro F1 {corrected.macro_f1:.0%}",
        )


def _row(label: str, value: str) -> str:
    return f"{label:{WIDTH}}  {value}"


def _interval(interval: Interval) -> str:
    return f"{interval.value:.0%} ({interval.low:.0%} to {interval.high:.0%})"
