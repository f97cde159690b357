"""Runs the missing trials of a search on an executor until all have a stored outcome."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Executor, Future, wait
from typing import Any

from catalog.batches import chunks
from catalog.db.database import Database
from catalog.errors import CatalogError
from catalog.learning.search.trial import Trial, run_trials, stored_keys

BATCHES_PER_WORKER = 4
LARGEST_BATCH = 16
"""Trials in a task at most. They share the loaded vectors; a lost worker still costs one trial only."""
POLL_SECONDS = 0.5
"""Interval of progress reports."""


class TrialsStalledError(CatalogError):
    """All tasks ended without an error and without a stored outcome."""


def run_missing_trials(
    database: Database,
    executor: Executor,
    trials: Iterable[Trial],
    *,
    workers: int = 1,
    on_progress: Callable[[int], None] | None = None,
) -> int:
    """Runs the trials without a stored outcome on the executor. Returns their number.

    All trials are of one snapshot. Workers of other commands can run them too. Trials of a task that ended early or was
    lost are submitted again. `on_progress` receives the number of finished trials. Raises the errors of tasks.
    """
    by_key = {trial.key: trial for trial in trials}
    if not by_key:
        return 0
    snapshot_id = next(iter(by_key.values())).snapshot_id
    missing = _missing(database, snapshot_id, by_key)
    count = len(missing)

    def report() -> None:
        if on_progress is not None:
            on_progress(len(by_key) - len(_missing(database, snapshot_id, by_key)))

    while missing:
        _run(executor, snapshot_id, list(_batches(missing.values(), workers)), report)
        before, missing = len(missing), _missing(database, snapshot_id, by_key)
        if len(missing) == before:
            raise TrialsStalledError("tasks keep ending without storing a result; see the worker logs")
    if on_progress is not None:
        on_progress(len(by_key))
    return count


def _run(
    executor: Executor,
    snapshot_id: int,
    batches: Sequence[Sequence[dict[str, Any]]],
    report: Callable[[], None],
) -> None:
    """Runs all batches. The first error cancels the tasks that have not started."""
    futures: set[Future[None]] = set()
    try:
        for batch in batches:
            future = executor.submit(run_trials, snapshot_id, batch)
            futures.add(future)
            if future.done():  # an inline executor: the next batch may take long
                future.result()
                report()
        while futures:
            done, futures = wait(futures, timeout=POLL_SECONDS, return_when=FIRST_EXCEPTION)
            for future in done:
                future.result()
            report()
    finally:
        for future in futures:
            future.cancel()


def _missing(
    database: Database, snapshot_id: int, trials: dict[tuple[str, str, int], Trial]
) -> dict[tuple[str, str, int], Trial]:
    with database.read() as connection:
        stored = stored_keys(connection, snapshot_id)
    return {key: trial for key, trial in trials.items() if key not in stored}


def _batches(trials: Iterable[Trial], workers: int) -> Iterator[Sequence[dict[str, Any]]]:
    """Small groups of trials on the same vectors, so that all workers are busy until the end."""
    by_vectors: defaultdict[str, list[Trial]] = defaultdict(list)
    for trial in trials:
        by_vectors[trial.vectors].append(trial)
    for group in by_vectors.values():
        size = max(1, min(LARGEST_BATCH, len(group) // (BATCHES_PER_WORKER * workers)))
        for batch in chunks(group, size):
            yield [trial.as_json() for trial in batch]
