"""The official split of the Free Music Archive: one more score, to stand beside published ones."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.arrays import Integers, Texts
from catalog.db.tables import fma_track
from catalog.errors import CatalogError
from catalog.learning.classifiers import class_probabilities
from catalog.learning.fitting.abstention import NOTHING, answers, choose_threshold, is_correct
from catalog.learning.fitting.calibration import expected_calibration_error, fit_calibration
from catalog.learning.metrics.evaluation import evaluate
from catalog.learning.metrics.probability_scores import log_loss
from catalog.learning.scoring.champion_refit import Challenger

PARTS = ("training", "validation", "test")


class NoOfficialSplitError(CatalogError):
    """The tracks that are learned from are not those of a data set with a split."""


def load_split(connection: Connection, track_ids: Integers, y: Integers) -> Texts:
    """(n,): the part that each track is in, "" for none.

    Raises NoOfficialSplitError where nothing could be learned from the training part, going by the classes y (n,), or nothing is
    asked in the test.
    """
    parts = dict(connection.execute(sa.select(fma_track.c.track_id, fma_track.c.split)).all())
    split = np.array([parts.get(track_id) or "" for track_id in track_ids.tolist()], dtype=np.str_)
    missing = [part for part in ("training", "test") if not (split == part).any()]
    if missing:
        raise NoOfficialSplitError(
            f"no labeled track with a vector is in the {' or the '.join(missing)} part of the official split; "
            "bring the metadata in: catalog fma import fma_metadata.zip"
        )
    if np.unique(y[split == "training"]).size < 2:
        raise NoOfficialSplitError("the training part of the official split has one genre only")
    return split


def official_score(contender: Challenger, split: Texts) -> dict[str, Any]:
    """Scores of the same recipe fitted on the training part and asked in the test, `split` (n,) as `load_split` gives it.

    Calibration and threshold are fitted on the validation part, which the classifier does not see; without one
    nothing is calibrated and nothing answered.
    """
    frozen, hierarchy, learned = contender.snapshot, contender.hierarchy, contender.learned
    y, groups = frozen.y, frozen.groups.number
    training, validation, test = (split == part for part in PARTS)
    classifier = learned.behind_projection.build(learned.parameters, seed=frozen.seed)
    classifier.fit(contender.X[training], y[training], groups[training])
    held, asked = (
        class_probabilities(classifier, contender.X[part], len(frozen.classes)) for part in (validation, test)
    )
    calibration = fit_calibration(held, y[validation], groups[validation])
    held, asked = calibration.apply(held), calibration.apply(asked)
    threshold = choose_threshold(
        held, y[validation], hierarchy, groups=groups[validation], precision=contender.precision
    )
    node = answers(asked, hierarchy, threshold.value).node
    answered = node != NOTHING
    found = evaluate(y[test], asked.argmax(axis=1), groups[test], len(frozen.classes), seed=frozen.seed)
    return {
        "data_set": "FMA",
        **{part: int(inside.sum()) for part, inside in zip(PARTS, (training, validation, test), strict=True)},
        "shared_groups": int(np.intersect1d(groups[training | validation], groups[test]).size),
        "accuracy": asdict(found.accuracy),
        "balanced_accuracy": asdict(found.balanced_accuracy),
        "macro_f1": asdict(found.macro_f1),
        "log_loss": log_loss(asked, y[test]),
        "calibration_error": expected_calibration_error(asked, y[test]),
        "share_answered": float(answered.mean()),
        "answered_precision": float(is_correct(node, y[test], hierarchy)[answered].mean())
        if answered.any()
        else None,
    }
