"""Comparison of two stored models: scores on common tracks, and changed predictions."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from catalog.arrays import Integers
from catalog.db.tables import genre, prediction, snapshot_member
from catalog.learning.registry.registry import get_model
from catalog.learning.scoring.gate import Comparison, compare_models_on_gate

SEED = 0


@dataclass(frozen=True, slots=True)
class Flow:
    """Tracks whose predicted genre changes from one genre to another."""

    from_genre: str
    to_genre: str
    tracks: int
    right_before: int
    """Scored tracks of these whose tag is `from_genre`."""
    right_after: int


@dataclass(frozen=True, slots=True)
class GenreComparison:
    """The F1 scores of both models for one class, 0 to 1, on the scored tracks."""

    genre: str
    tracks: int
    """Scored tracks with this tag."""
    f1: float
    other_f1: float


@dataclass(frozen=True)
class ModelComparison:
    """Two models on the tracks that both have predictions of."""

    model_id: int
    other_id: int
    answered: int
    """Tracks with a prediction of both models."""
    changed: int
    scored: int
    """Tracks with the same class in both training sets and out-of-fold predictions of both models."""
    accuracy: tuple[float, float] | None
    """Of the model and of the other, 0 to 1; None without a scored track."""
    macro_f1: Comparison | None
    """The other model is the challenger, the model the champion."""
    flows: tuple[Flow, ...]
    """Most tracks first."""
    genres: tuple[GenreComparison, ...]
    """The tagged classes of the scored tracks, most tracks first; () without a scored track."""
    found_by_search: tuple[int, ...] = ()
    """The models of the two that a search selected. Their scores are optimistic: the search used the same folds."""


Predicted = Mapping[int, tuple[int, int | None]]
"""By track: the most probable genre, and the fold; None outside the training set."""


def compare_models(connection: Connection, model_id: int, other_id: int) -> ModelComparison:
    """Compares two models on the tracks that both have predictions of. Raises NoModelError."""
    first, second = get_model(connection, model_id), get_model(connection, other_id)
    predicted, other_predicted = _load_predicted(connection, first), _load_predicted(connection, second)
    common = sorted(predicted.keys() & other_predicted.keys())
    truth = _load_truth(connection, first, second)
    scored = [
        track
        for track in common
        if track in truth
        and _is_out_of_fold(first, predicted[track])
        and _is_out_of_fold(second, other_predicted[track])
    ]
    accuracy, macro_f1 = None, None
    genres: tuple[GenreComparison, ...] = ()
    names = dict(connection.execute(sa.select(genre.c.id, genre.c.name)).all())
    if scored:
        values = [[table[track][0] for track in scored] for table in (truth, predicted, other_predicted)]
        classes = np.unique(values)
        y, choice, other_choice = (np.searchsorted(classes, genres) for genres in values)
        groups = np.array([truth[track][1] for track in scored], dtype=np.int64)
        accuracy = (float((choice == y).mean()), float((other_choice == y).mean()))
        macro_f1 = compare_models_on_gate(y, other_choice, choice, groups, len(classes), seed=SEED)
        genres = _by_genre(y, choice, other_choice, [names[number] for number in classes.tolist()])
    flows = _flows(names, common, predicted, other_predicted, {track: truth[track][0] for track in scored})
    return ModelComparison(
        model_id=first["id"],
        other_id=second["id"],
        answered=len(common),
        changed=sum(flow.tracks for flow in flows),
        scored=len(scored),
        accuracy=accuracy,
        macro_f1=macro_f1,
        flows=flows,
        genres=genres,
        found_by_search=tuple(row["id"] for row in (first, second) if row["metrics"].get("search")),
    )


def _by_genre(
    y: Integers, choice: Integers, other_choice: Integers, names: Sequence[str]
) -> tuple[GenreComparison, ...]:
    """The scores of each class, by the index of its name."""
    from sklearn.metrics import f1_score

    tracks = np.bincount(y, minlength=len(names))
    scores = [
        f1_score(y, one, labels=range(len(names)), average=None, zero_division=0.0)
        for one in (choice, other_choice)
    ]
    return tuple(
        GenreComparison(names[at], int(tracks[at]), float(scores[0][at]), float(scores[1][at]))
        for at in np.argsort(-tracks, kind="stable")
        if tracks[at]
    )


def _flows(
    names: Mapping[int, str],
    common: list[int],
    predicted: Predicted,
    other_predicted: Predicted,
    truth: Mapping[int, int],
) -> tuple[Flow, ...]:
    """Changes from genre to genre, most tracks first; `truth` is the class of each scored track."""
    tracks: Counter[tuple[int, int]] = Counter()
    before: Counter[tuple[int, int]] = Counter()
    after: Counter[tuple[int, int]] = Counter()
    for track in common:
        change = (predicted[track][0], other_predicted[track][0])
        if change[0] != change[1]:
            tracks[change] += 1
            before[change] += truth.get(track) == change[0]
            after[change] += truth.get(track) == change[1]
    return tuple(
        Flow(names[change[0]], names[change[1]], count, before[change], after[change])
        for change, count in sorted(tracks.items(), key=lambda item: (-item[1], item[0]))
    )


def _load_predicted(connection: Connection, row: RowMapping) -> Predicted:
    rows = connection.execute(
        sa.select(prediction.c.track_id, prediction.c.genre_1_id, prediction.c.fold).where(
            prediction.c.model_id == row["id"], prediction.c.genre_1_id.is_not(None)
        )
    )
    return {track_id: (genre_id, fold) for track_id, genre_id, fold in rows}


def _load_truth(connection: Connection, first: RowMapping, second: RowMapping) -> dict[int, tuple[int, int]]:
    """Class and group of each labeled track, without tracks whose class differs between the two training sets.

    A model without a training set is scored on the training set of the other.
    """
    columns = snapshot_member.c
    truth: dict[int, tuple[int, int]] | None = None
    for snapshot_id in (row["snapshot_id"] for row in (first, second) if row["snapshot_id"] is not None):
        rows = connection.execute(
            sa.select(columns.track_id, columns.genre_id, columns.group_id).where(
                columns.snapshot_id == snapshot_id
            )
        )
        members = {track_id: (genre_id, group_id) for track_id, genre_id, group_id in rows}
        if truth is None:
            truth = members
        else:
            truth = {
                track: member
                for track, member in truth.items()
                if track in members and members[track][0] == member[0]
            }
    return truth or {}


def _is_out_of_fold(row: RowMapping, predicted: tuple[int, int | None]) -> bool:
    """Whether the model was not fitted on the track when it predicted it."""
    return row["snapshot_id"] is None or predicted[1] is not None
