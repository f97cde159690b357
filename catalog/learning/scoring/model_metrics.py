"""Metrics of a trained model, as the column `model.metrics` stores them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from sqlalchemy import Connection, RowMapping

from catalog.dataclass_json import from_json
from catalog.learning.fitting.album_score import AlbumScore
from catalog.learning.fitting.label_shift_choice import LabelShiftChoice
from catalog.learning.metrics.bootstrap import Interval
from catalog.learning.metrics.probability_scores import AveragePrecision
from catalog.learning.scoring.artist_aware_score import ArtistAwareScore
from catalog.learning.scoring.corrected_label_score import CorrectedLabelScore, corrected_label_score
from catalog.learning.scoring.gate import PromotionVerdict
from catalog.learning.scoring.hierarchical_metrics import HierarchicalScore
from catalog.learning.scoring.hierarchy_selection import StructureChoice
from catalog.learning.scoring.official_split import OfficialSplitScore
from catalog.text import percent

FLAT = 0.03
"""Gain in accuracy, from all predictions to the most confident fifth, below which confidence carries no information."""


@dataclass(frozen=True, slots=True)
class Baselines:
    """Accuracy of predictions that need no audio."""

    majority: Interval
    """Always the most common class of the training folds."""
    artist_copy: Interval
    """The most common class of the artist's other tracks."""


@dataclass(frozen=True, slots=True)
class RandomFoldScore:
    """Scores with folds that split artists; 0 to 1."""

    accuracy: float
    macro_f1: float


@dataclass(frozen=True, slots=True)
class ShareAccuracy:
    """Accuracy of the `share` of tracks with the highest probabilities; both 0 to 1."""

    share: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class NoveltyScore:
    """Share of tracks of a genre missing from the training set without a wrong suggestion; mean over genres, 0 to 1."""

    least_resemblance: float | None
    """The threshold on the resemblance; None where only the probability decides."""
    held_back: float | None
    held_back_by_probability_alone: float | None


@dataclass(frozen=True, slots=True)
class HierarchicalScores:
    """Hierarchical precision and recall of the most probable class, and of the suggestion after abstaining."""

    first_choice: HierarchicalScore
    suggested: HierarchicalScore


@dataclass(frozen=True, slots=True)
class MultilabelScore:
    """Scores where tracks have several genres."""

    tracks_with_several: int
    tracks_with_complete_tags: int
    average_precision: tuple[AveragePrecision, ...]


@dataclass(frozen=True, slots=True)
class GenreScore:
    """Precision, recall and F1 of one class; 0 to 1."""

    genre: str
    tracks: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, slots=True)
class ConfusionMatrix:
    """Tracks by tagged class (rows) and most probable class (columns)."""

    genres: tuple[str, ...]
    tracks: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class SelectionScore:
    """The scores of a hyperparameter search."""

    accuracy: Interval
    balanced_accuracy: Interval
    macro_f1: Interval


@dataclass(frozen=True, slots=True)
class SearchSummary:
    """The hyperparameter search that selected the model."""

    id: int
    scheme: str
    candidates: int
    nested: bool
    """Whether the search was repeated inside each fold."""
    structure: Literal["flat"]
    """Candidates are compared as one classifier over all classes, whatever the winner is trained as."""
    as_chosen: SelectionScore
    """The scores that the winner was selected by: optimistic."""
    honest: SelectionScore
    """The scores of models selected and trained without the tracks they are scored on."""
    chosen_without_a_fold: tuple[Mapping[str, Any], ...]
    """The candidate selected without each fold."""
    as_fitted: SelectionScore | None = None
    """The scores of the trained model itself; slightly optimistic."""


@dataclass(frozen=True, slots=True)
class PriorGenre:
    """Share of one genre among the training set and, estimated, among the untagged tracks; 0 to 1."""

    genre: str
    training: float
    untagged: float


@dataclass(frozen=True, slots=True)
class PriorCorrection:
    """The prior correction for untagged tracks."""

    corrected: bool
    reason: str | None
    """Why the correction is off."""
    macro_f1: LabelShiftChoice | None
    """None where no priors were estimated."""
    genres: tuple[PriorGenre, ...]


@dataclass(frozen=True)
class ModelMetrics:
    """Out-of-fold scores of a model, with baselines. Shares are 0 to 1; intervals cover 95 %."""

    accuracy: Interval
    balanced_accuracy: Interval
    macro_f1: Interval
    top_3_accuracy: Interval
    fold_seeds: int
    """Number of fold assignments that the first three scores are means of."""
    folds: int
    baselines: Baselines
    artist_aware: ArtistAwareScore
    random_folds: RandomFoldScore | None
    """None for large training sets."""
    log_loss: float
    brier_score: float
    calibration_error: float
    calibration_error_if_perfect: Interval
    """Of a perfectly calibrated model on as many tracks."""
    calibration_error_if_perfect_by_artist: Interval
    """The same if all tracks of an artist are right or wrong together."""
    accuracy_at_share: tuple[ShareAccuracy, ...]
    precision_target: float
    share_answered: float
    """Share of tracks with a suggestion."""
    answered_precision: float | None
    """Share of correct suggestions, a broader genre counting as correct; None without any suggestion."""
    novelty: NoveltyScore
    hierarchical: HierarchicalScores
    by_album: AlbumScore
    several_genres: MultilabelScore | None
    """None where each track has one genre and its broader terms."""
    tracks: int
    classes: int
    groups: int
    """Groups of connected tracks."""
    largest_group: int
    without_artist_share: float
    """Share of tracks without a known artist."""
    per_class: tuple[GenreScore, ...]
    confusion: ConfusionMatrix
    official_split: OfficialSplitScore | None = None
    search: SearchSummary | None = None
    """None where the parameters were not searched."""
    gate: PromotionVerdict | None = None
    """None where there was no active model to compare with."""
    forced: str | None = None
    """The gate's objection, or that there was none, where `--force` skipped the gate."""
    hierarchy: StructureChoice | None = None
    """None where no term has two narrower classes."""
    rejected: str | None = None
    """Why the gate kept the model from becoming active."""
    predicted_from: str | None = None
    """Digest of the state that the stored predictions were computed from."""
    priors: PriorCorrection | None = None
    """None before the other tracks are predicted."""
    importance: Mapping[str, Any] = field(default_factory=dict)
    """By feature set, where `models importance` computed it."""
    corrected_labels: CorrectedLabelScore | None = None
    """Computed when the metrics are shown; not stored."""

    @property
    def confidence_warnings(self) -> tuple[str, ...]:
        """A sentence if the precision target is missed, and one if confidence carries no information."""
        warnings = []
        precision = self.answered_precision
        if precision is not None and precision < self.precision_target:
            warnings.append(
                f"Precision is {percent(precision)}; the target of {percent(self.precision_target)} is missed."
            )
        accuracy = {round(point.share, 1): point.accuracy for point in self.accuracy_at_share}
        if {0.2, 1.0} <= accuracy.keys() and accuracy[0.2] < accuracy[1.0] + FLAT:
            warnings.append(
                f"The most confident fifth of the predictions is correct for {percent(accuracy[0.2])}, all predictions "
                f"for {percent(accuracy[1.0])}: the confidence does not tell which predictions are correct."
            )
        return tuple(warnings)

    def to_json(self) -> dict[str, Any]:
        """The value of the column `model.metrics`."""
        return asdict(self)

    def with_search(self, search: SearchSummary) -> ModelMetrics:
        """The metrics of a model that a search selected: the honest scores replace those of the fitted model."""
        as_fitted = SelectionScore(self.accuracy, self.balanced_accuracy, self.macro_f1)
        honest = search.honest
        return replace(
            self,
            accuracy=honest.accuracy,
            balanced_accuracy=honest.balanced_accuracy,
            macro_f1=honest.macro_f1,
            search=replace(search, as_fitted=as_fitted),
        )


def metrics_of(row: RowMapping) -> ModelMetrics | None:
    """The metrics of a model's row; None for a model that was never scored (zero-shot)."""
    stored = row["metrics"]
    return from_json(ModelMetrics, stored) if "accuracy" in stored else None


def metrics_with_corrected_labels(connection: Connection, row: RowMapping) -> ModelMetrics | None:
    """The metrics of a model's row with the scores without suspects and with corrected labels."""
    metrics = metrics_of(row)
    if metrics is None:
        return None
    return replace(metrics, corrected_labels=corrected_label_score(connection, row))
