"""Score on the official split of the Free Music Archive, for comparison with published results."""

from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.arrays import Integers, Texts
from catalog.db.tables import fma_track
from catalog.errors import CatalogError
from catalog.learning.classifiers import class_probabilities
from catalog.learning.fitting.abstention import NOTHING, choose_threshold, is_correct, select_nodes
from catalog.learning.fitting.calibration import expected_calibration_error, fit_calibration
from catalog.learning.metrics.bootstrap import Interval
from catalog.learning.metrics.evaluation import evaluate
from catalog.learning.metrics.probability_scores import log_loss
from catalog.learning.scoring.champion_refit import Challenger

PARTS = ("training", "validation", "test")


class NoOfficialSplitError(CatalogError):
    """The training set does not belong to a data set with an official split."""


@dataclass(frozen=True, slots=True)
class OfficialSplitScore:
    """Scores of the test part, by a model fitted on the training part. Shares are 0 to 1."""

    data_set: str
    training: int
    """Tracks of each part."""
    validation: int
    test: int
    shared_groups: int
    """Groups of connected tracks that the split puts on both sides."""
    accuracy: Interval
    balanced_accuracy: Interval
    macro_f1: Interval
    log_loss: float
    calibration_error: float
    share_answered: float
    answered_precision: float | None


def load_split(connection: Connection, track_ids: Integers, y: Integers) -> Texts:
    """(n,): the part of each track, "" for tracks outside the split; `y` (n,) are their classes.

    Raises NoOfficialSplitError where the training part has fewer than two classes or the test part is empty.
    """
    parts = dict(connection.execute(sa.select(fma_track.c.track_id, fma_track.c.split)).all())
    split = np.array([parts.get(track_id) or "" for track_id in track_ids.tolist()], dtype=np.str_)
    missing = [part for part in ("training", "test") if not (split == part).any()]
    if missing:
        raise NoOfficialSplitError(
            f"no labeled track with a vector is in the {' or the '.join(missing)} part of the official split; "
            "import the metadata: catalog fma import fma_metadata.zip"
        )
    if np.unique(y[split == "training"]).size < 2:
        raise NoOfficialSplitError("the training part of the official split has one genre only")
    return split


def official_score(challenger: Challenger, split: Texts) -> OfficialSplitScore:
    """Fits the challenger's recipe on the training part and scores the test part; `split` (n,) is from `load_split`.

    Calibration and threshold are fitted on the validation part, which is kept from the classifier. Without a
    validation part probabilities are not calibrated and no suggestion is made.
    """
    frozen, hierarchy, recipe = challenger.snapshot, challenger.hierarchy, challenger.recipe
    y, groups = frozen.y, frozen.groups.number
    training, validation, test = (split == part for part in PARTS)
    classifier = recipe.full_algorithm.fit(
        challenger.X[training], y[training], groups[training], recipe.parameters, seed=frozen.seed
    )
    validation_probability, probability = (
        class_probabilities(classifier, challenger.X[part], len(frozen.classes))
        for part in (validation, test)
    )
    calibration = fit_calibration(validation_probability, y[validation], groups[validation])
    probability = calibration.apply(probability)
    threshold = choose_threshold(
        calibration.apply(validation_probability),
        y[validation],
        hierarchy,
        groups=groups[validation],
        precision=challenger.precision,
    )
    node = select_nodes(probability, hierarchy, threshold.value).node
    has_suggestion = node != NOTHING
    evaluation = evaluate(
        y[test], probability.argmax(axis=1), groups[test], len(frozen.classes), seed=frozen.seed
    )
    correct = is_correct(node, y[test], hierarchy)[has_suggestion]
    return OfficialSplitScore(
        data_set="FMA",
        training=int(training.sum()),
        validation=int(validation.sum()),
        test=int(test.sum()),
        shared_groups=int(np.intersect1d(groups[training | validation], groups[test]).size),
        accuracy=evaluation.accuracy,
        balanced_accuracy=evaluation.balanced_accuracy,
        macro_f1=evaluation.macro_f1,
        log_loss=log_loss(probability, y[test]),
        calibration_error=expected_calibration_error(probability, y[test]),
        share_answered=float(has_suggestion.mean()),
        answered_precision=float(correct.mean()) if len(correct) else None,
    )
