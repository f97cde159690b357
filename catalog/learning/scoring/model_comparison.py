"""Two models of the registry side by side: scores on common tracks, and what would be answered differently."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from catalog.db.tables import genre, prediction, snapshot_member
from catalog.learning.registry.registry import get_model
from catalog.learning.scoring.gate import Comparison, compare_models_on_gate

SEED = 0


@dataclass(frozen=True, slots=True)
class Flow:
    """Tracks whose first choice goes from one genre to another."""

    from_genre: str
    to_genre: str
    tracks: int
    right_before: int
    """How many of them are tagged as the first model said, among those that are scored."""
    right_after: int


@dataclass(frozen=True)
class ModelComparison:
    """Two models."""

    model_id: int
    other_id: int
    answered: int
    """Tracks with a first choice of both."""
    changed: int
    scored: int
    """Tracks whose class is the same to both, and that neither had learned from when it answered."""
    accuracy: tuple[float, float] | None
    """Of the model and of the other, 0 to 1; None where no track is scored."""
    macro_f1: Comparison | None
    """`new` is the other's, `in_force` the model's."""
    flows: tuple[Flow, ...]
    """The most tracks first."""
    found_by_search: tuple[int, ...] = ()
    """Those of the two that are the best of a search: scored here by folds that the search had seen, which flatters them."""


def compare_models(connection: Connection, model_id: int, other_id: int) -> ModelComparison:
    """The two models on the tracks that both have predictions of. Raises NoModelError."""
    first, second = get_model(connection, model_id), get_model(connection, other_id)
    one, other = _choices(connection, first), _choices(connection, second)
    common = sorted(one.keys() & other.keys())
    truth = _truth(connection, first, second)
    names = dict(connection.execute(sa.select(genre.c.id, genre.c.name)).all())
    scored = [
        track
        for track in common
        if track in truth and _is_honest(first, one[track]) and _is_honest(second, other[track])
    ]
    flows: Counter[tuple[int, int]] = Counter()
    before: Counter[tuple[int, int]] = Counter()
    after: Counter[tuple[int, int]] = Counter()
    judged = set(scored)
    for track in common:
        change = (one[track][0], other[track][0])
        if change[0] == change[1]:
            continue
        flows[change] += 1
        if track in judged:
            before[change] += truth[track][0] == change[0]
            after[change] += truth[track][0] == change[1]
    accuracy, macro_f1 = None, None
    if scored:
        classes = sorted(
            {truth[track][0] for track in scored}
            | {one[t][0] for t in scored}
            | {other[t][0] for t in scored}
        )
        column = {genre_id: at for at, genre_id in enumerate(classes)}
        y, mine, theirs = (
            np.array([column[value] for value in values], dtype=np.int64)
            for values in (
                [truth[track][0] for track in scored],
                [one[track][0] for track in scored],
                [other[track][0] for track in scored],
            )
        )
        groups = np.array([truth[track][1] for track in scored], dtype=np.int64)
        accuracy = (float((mine == y).mean()), float((theirs == y).mean()))
        macro_f1 = compare_models_on_gate(y, theirs, mine, groups, len(classes), seed=SEED)
    return ModelComparison(
        model_id=first["id"],
        other_id=second["id"],
        answered=len(common),
        changed=sum(flows.values()),
        scored=len(scored),
        accuracy=accuracy,
        macro_f1=macro_f1,
        flows=tuple(
            Flow(names[change[0]], names[change[1]], tracks, before[change], after[change])
            for change, tracks in sorted(flows.items(), key=lambda item: (-item[1], item[0]))
        ),
        found_by_search=tuple(row["id"] for row in (first, second) if row["metrics"].get("search")),
    )


def _choices(connection: Connection, row: RowMapping) -> dict[int, tuple[int, int | None]]:
    """For each track the first choice and the fold; None where it was in none."""
    rows = connection.execute(
        sa.select(prediction.c.track_id, prediction.c.genre_1_id, prediction.c.fold).where(
            prediction.c.model_id == row["id"], prediction.c.genre_1_id.is_not(None)
        )
    )
    return {one.track_id: (one.genre_1_id, one.fold) for one in rows}


def _truth(connection: Connection, first: RowMapping, second: RowMapping) -> dict[int, tuple[int, int]]:
    """For each labeled track its class and group; not those that count for another class in the other training set.

    A model that never learned here is scored by the training set of the other.
    """
    ids = [row["snapshot_id"] for row in (first, second) if row["snapshot_id"] is not None]
    found: dict[int, tuple[int, int]] = {}
    for at, snapshot_id in enumerate(ids):
        rows = connection.execute(
            sa.select(
                snapshot_member.c.track_id, snapshot_member.c.genre_id, snapshot_member.c.group_id
            ).where(snapshot_member.c.snapshot_id == snapshot_id)
        )
        members = {one.track_id: (one.genre_id, one.group_id) for one in rows}
        if at == 0:
            found = members
        else:
            found = {
                track: known for track, known in found.items() if members.get(track, (0, 0))[0] == known[0]
            }
    return found


def _is_honest(row: RowMapping, choice: tuple[int, int | None]) -> bool:
    """Whether the answer is by a model that had not learned from the track."""
    return row["snapshot_id"] is None or choice[1] is not None
