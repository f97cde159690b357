"""Plan of a search: rounds, number of trials, and estimated time."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from catalog.db.database import Database
from catalog.learning.search.candidates import Candidate
from catalog.learning.search.search import Scheme, Search, SearchData, expected_trials
from catalog.learning.search.search_record import seconds_a_trial


@dataclass(frozen=True)
class SearchPlan:
    """Size of a search before it runs."""

    rounds: list[int]
    """Candidates in each round."""
    trials: int
    """Upper bound."""
    minutes: float | None
    """Estimated from earlier trials; None if an algorithm has none."""


def plan_comparison(
    database: Database, data: SearchData, candidates: Sequence[Candidate], workers: int
) -> SearchPlan:
    """Plans one trial of every candidate on every fold."""
    trials = len(candidates) * len(set(data.folds.tolist()))
    return SearchPlan([len(candidates)], trials, _minutes(database, candidates, trials, workers))


def plan_search(
    database: Database, data: SearchData, candidates: Sequence[Candidate], scheme: Scheme, workers: int
) -> SearchPlan:
    """Plans the rounds of a search scheme, nested in the folds where that is feasible."""
    # The executor gets no trial and starts no thread.
    search = Search(database, ThreadPoolExecutor(1), data)
    rounds = search.rounds(len(candidates), scheme)
    trials = expected_trials(search.parts(), rounds)
    return SearchPlan(
        [one.candidates for one in rounds], trials, _minutes(database, candidates, trials, workers)
    )


def _minutes(database: Database, candidates: Sequence[Candidate], trials: int, workers: int) -> float | None:
    """Estimates the duration from the mean time of earlier trials of the same algorithms."""
    with database.read() as connection:
        seconds = [seconds_a_trial(connection, candidate.algorithm) for candidate in candidates]
    timed = [each for each in seconds if each is not None]
    if len(timed) < len(seconds):
        return None
    return sum(timed) / len(timed) * trials / max(1, workers) / 60
