"""Running trials: those that are missing are handed to an executor, until every one of them is in the database."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Executor, Future, wait
from typing import Any

from catalog.db.database import Database
from catalog.errors import CatalogError
from catalog.learning.search.trial import Trial, run_trials, stored_keys

BATCHES_A_WORKER = 4
LARGEST_BATCH = 16
"""Trials in a task at most: reading the vectors is shared, and what is lost with a worker is one trial all the same."""
TICK = 0.5


class TrialsStalledError(CatalogError):
    """Every task has ended well, and yet no trial was added."""


def run_missing_trials(
    database: Database,
    executor: Executor,
    trials: Iterable[Trial],
    *,
    workers: int = 1,
    on_progress: Callable[[int], None] | None = None,
) -> int:
    """Has the executor run those of the trials that nobody has run; gives how many that were.

    They are of one snapshot. Workers of other commands may run them too; a task may end early or be lost, then what is
    missing is given out again. `on_progress` is told how many of the trials are there. Raises what a task raised.
    """
    wanted = {one.key: one for one in trials}
    if not wanted:
        return 0
    snapshot_id = next(iter(wanted.values())).snapshot_id
    missing = _missing(database, snapshot_id, wanted)
    count = len(missing)

    def tell() -> None:
        if on_progress is not None:
            on_progress(len(wanted) - len(_missing(database, snapshot_id, wanted)))

    while missing:
        _run(executor, snapshot_id, list(_batches(missing.values(), workers)), tell)
        before, missing = len(missing), _missing(database, snapshot_id, wanted)
        if len(missing) == before:
            raise TrialsStalledError("tasks end without a trial being stored; see the log of the workers")
    if on_progress is not None:
        on_progress(len(wanted))
    return count


def _run(
    executor: Executor,
    snapshot_id: int,
    batches: Sequence[Sequence[dict[str, Any]]],
    tell: Callable[[], None],
) -> None:
    """Has every batch run; the first error ends the waiting, and takes back what was not begun."""
    futures: set[Future[None]] = set()
    try:
        for batch in batches:
            one = executor.submit(run_trials, snapshot_id, batch)
            futures.add(one)
            if one.done():  # here and now: it may be long until the next
                one.result()
                tell()
        while futures:
            done, futures = wait(futures, timeout=TICK, return_when=FIRST_EXCEPTION)
            for one in done:
                one.result()
            tell()
    finally:
        for one in futures:
            one.cancel()


def _missing(
    database: Database, snapshot_id: int, wanted: dict[tuple[str, str, int], Trial]
) -> dict[tuple[str, str, int], Trial]:
    with database.read() as connection:
        there = stored_keys(connection, snapshot_id)
    return {key: one for key, one in wanted.items() if key not in there}


def _batches(trials: Iterable[Trial], workers: int) -> Iterator[Sequence[dict[str, Any]]]:
    """Trials on the same vectors, a few together, so that all workers have their share until the end."""
    by_vectors: defaultdict[str, list[Trial]] = defaultdict(list)
    for one in trials:
        by_vectors[one.vectors].append(one)
    for together in by_vectors.values():
        size = max(1, min(LARGEST_BATCH, len(together) // (BATCHES_A_WORKER * workers)))
        for start in range(0, len(together), size):
            yield [one.as_json() for one in together[start : start + size]]
