"""Row of a search in the database: candidates, and the outcome when it is finished."""

import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.columns import now
from catalog.db.tables import search, trial
from catalog.db.upsert import insert_row
from catalog.learning.search.candidates import Candidate
from catalog.learning.search.search import Scheme, SearchData, SearchResult


def begin_search(
    connection: Connection, data: SearchData, scheme: Scheme, candidates: Sequence[Candidate]
) -> int:
    """The id of the search's row; an identical earlier search is continued."""
    parameters = json.loads(
        json.dumps({"seed": data.seed, "candidates": [candidate.as_json() for candidate in candidates]})
    )
    rows = connection.execute(
        sa.select(search.c.id, search.c.parameters).where(
            search.c.snapshot_id == data.snapshot_id, search.c.scheme == scheme
        )
    ).all()
    search_id = next((row.id for row in rows if row.parameters == parameters), None)
    if search_id is not None:
        return int(search_id)
    return insert_row(connection, search, snapshot_id=data.snapshot_id, scheme=scheme, parameters=parameters)


def finish_search(connection: Connection, search_id: int, outcome: Any) -> None:
    """Stores the outcome."""
    connection.execute(
        sa.update(search).where(search.c.id == search_id).values(outcome=outcome, finished_at=now())
    )


def search_outcome(result: SearchResult) -> dict[str, Any]:
    """The outcome as the row stores it: the winner, its scores, and the candidates of the last round, best first."""
    return {
        "winner": result.winner.as_json(),
        "macro_f1_chosen_by": result.as_chosen.macro_f1.value,
        "macro_f1": result.honest.macro_f1.value,
        "accuracy": result.honest.accuracy.value,
        "nested": result.nested,
        "standings": [
            {
                **entry.candidate.as_json(),
                "macro_f1": None if entry.evaluation is None else entry.evaluation.macro_f1.value,
                "accuracy": None if entry.evaluation is None else entry.evaluation.accuracy.value,
                "seconds": round(entry.seconds, 3),
                "remark": entry.reason,
            }
            for entry in result.results
        ],
    }


def seconds_a_trial(connection: Connection, algorithm: str) -> float | None:
    """Mean time of all stored trials of an algorithm; None without one."""
    mean = connection.execute(
        sa.select(sa.func.avg(trial.c.seconds)).where(trial.c.algorithm == algorithm)
    ).scalar()
    return None if mean is None else float(mean)
