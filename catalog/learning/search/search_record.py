"""The record of a search: what was searched among, and what came of it, as a row that is there before the end."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.columns import now
from catalog.db.tables import search, trial
from catalog.learning.search.candidates import Candidate
from catalog.learning.search.search import Scheme, SearchData, SearchResult


def begin_search(
    connection: Connection, ground: SearchData, scheme: Scheme, candidates: Sequence[Candidate]
) -> int:
    """The id of the search's row; one that was begun before goes on."""
    parameters = json.loads(
        json.dumps({"seed": ground.seed, "candidates": [one.as_json() for one in candidates]})
    )
    rows = connection.execute(
        sa.select(search.c.id, search.c.parameters).where(
            search.c.snapshot_id == ground.snapshot_id, search.c.scheme == scheme
        )
    ).all()
    known = next((row.id for row in rows if row.parameters == parameters), None)
    if known is not None:
        return int(known)
    return int(
        connection.execute(
            sa.insert(search)
            .values(snapshot_id=ground.snapshot_id, scheme=scheme, parameters=parameters)
            .returning(search.c.id)
        ).scalar_one()
    )


def finish_search(connection: Connection, search_id: int, outcome: Any) -> None:
    """Writes what came of it."""
    connection.execute(
        sa.update(search).where(search.c.id == search_id).values(outcome=outcome, finished_at=now())
    )


def choice_outcome(choice: SearchResult) -> dict[str, Any]:
    """What the row says of a choice: the winner and the candidates of the last round in their order."""
    return {
        "winner": choice.winner.as_json(),
        "macro_f1_chosen_by": choice.as_chosen.macro_f1.value,
        "macro_f1": choice.honest.macro_f1.value,
        "accuracy": choice.honest.accuracy.value,
        "nested": choice.nested,
        "standings": [
            {
                **one.candidate.as_json(),
                "macro_f1": None if one.evaluation is None else one.evaluation.macro_f1.value,
                "accuracy": None if one.evaluation is None else one.evaluation.accuracy.value,
                "seconds": round(one.seconds, 3),
                "remark": one.reason,
            }
            for one in choice.standings
        ],
    }


def seconds_a_trial(connection: Connection, algorithm: str) -> float | None:
    """What trials of an algorithm took on average, whatever they were about; None where there are none."""
    mean = connection.execute(
        sa.select(sa.func.avg(trial.c.seconds)).where(trial.c.algorithm == algorithm)
    ).scalar()
    return None if mean is None else float(mean)
