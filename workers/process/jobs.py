"""The job: tracks are reserved, heard one after the other, and stored in one transaction each.

Jobs hold ids of tracks and hashes of recipes, nothing else. Whether there is anything to do the database says.
"""

from __future__ import annotations

import faulthandler
import logging
import os
import signal
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from types import FrameType

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.audio.feature_sets.installed import feature_set
from catalog.db.database import Database
from catalog.db.retry import is_disk_full
from catalog.db.schema.schema import require_unchanged
from catalog.features.stored_feature_set import find_feature_set
from workers.host.exit_codes import EXIT_DISK_FULL, EXIT_IO
from workers.host.mounted_roots import is_root_mounted, unmounted_roots
from workers.host.sandbox import Sandbox, is_confined
from workers.host.worker_options import WorkerOptions
from workers.process.analyze_track import AnalysisOutcome, AnalysisRequest, analyze_track, store_outcome
from workers.process.warm_up import warm
from workers.state import claims
from workers.state.claims import Claimed
from workers.state.failures import FEATURES, Failure, one_line
from workers.state.worker_stats import WorkerStats

log = logging.getLogger(__name__)

PATIENCE = 1.0
"""Seconds to wait after giving tracks back, so that a host which cannot work on them does not turn in circles."""
SPARE_SECONDS = 60
"""Of CPU time that a job has beyond what its tracks may take."""
STDERR = 2


class Stop:
    """Whether the work is to end after the present track; set by SIGUSR1, which a draining worker sends its horse, and in
    the worker itself, for horses that are forked later.
    """

    requested = False

    @classmethod
    def request(cls, _number: int, _frame: FrameType | None) -> None:
        """The signal's handler."""
        cls.requested = True

    @classmethod
    def listen(cls) -> None:
        """Has the process, and those forked from it, listen for the signal."""
        signal.signal(signal.SIGUSR1, cls.request)


@dataclass(frozen=True)
class WorkerContext:
    """What a worker process works with."""

    database: Database
    worker_id: int
    rules: WorkerOptions = field(default_factory=WorkerOptions)
    warmed: frozenset[str] = frozenset()
    """The feature sets that were computed once before anything was forked."""
    revision: str | None = None
    """The schema that the process began with; None where nobody can have changed it since."""


_desks: list[WorkerContext] = []


def set_worker_context(desk: WorkerContext) -> None:
    """Gives this process, and those forked from it, the desk for its jobs."""
    _desks[:] = [desk]


def current_worker_context() -> WorkerContext:
    """The desk that this process was given."""
    (desk,) = _desks
    return desk


def analyze_tracks(track_ids: list[int], hashes: list[str], time_limit: int) -> None:
    """The job as the queue knows it, in a process that is forked for it and confined."""
    desk = current_worker_context()
    desk.database.forget()
    try:
        work(desk, track_ids, hashes, time_limit, confine=partial(enter_sandbox, desk))
    except Exception as error:  # noqa: BLE001 -- whatever it is, it is not the tracks' doing
        # Without the statement, which SQLAlchemy would show: what is wrong stands in the database's own words.
        cause = error.orig if isinstance(error, sa.exc.DBAPIError) else error
        log.error("work could not go on: %s", one_line(f"{type(cause).__name__}: {cause}"))  # noqa: TRY400
        os._exit(EXIT_DISK_FULL if is_disk_full(error) else EXIT_IO)
    finally:
        desk.database.close()


def work(
    desk: WorkerContext,
    track_ids: Sequence[int],
    hashes: Sequence[str],
    time_limit: int,
    is_stopped: Callable[[], bool] = lambda: Stop.requested,
    confine: Callable[[Sequence[AnalysisRequest], int], None] | None = None,
) -> None:
    """Reserves the tracks and hears them one after the other.

    Ends the whole process where one takes longer than the time limit, in seconds: a C library that hangs heeds no
    exception. The claim then says which track it was. `confine` is called before the first file is opened, with what
    is to be computed and the seconds that it may take.
    """
    if is_stopped():
        return  # before anything was begun: the tracks are pending, and come again
    parent = os.getppid()
    wanted, tracks = _reserve(desk, track_ids, hashes)
    tally = WorkerStats()
    has_left = len(wanted) < len(hashes) or not tracks
    try:
        if confine is not None and tracks:
            confine(wanted, len(tracks) * time_limit)
        while tracks:
            claimed = tracks.popleft()
            before = time.monotonic()
            outcome = _guarded(_hear_in_time(claimed, wanted, time_limit), claimed, desk.rules)
            seconds = time.monotonic() - before
            ends = is_stopped() or os.getppid() != parent or not tracks
            has_left = has_left or outcome.is_out_of_reach
            with desk.database.write() as connection:
                if _store(connection, desk, claimed, wanted, outcome):
                    _count(tally, claimed, outcome, seconds)
                else:
                    log.warning("the result for track %d came too late and was dropped", claimed.track_id)
                if ends:
                    tally.store(connection, desk.worker_id)
                    claims.give_back(connection, desk.worker_id)
                else:
                    claims.begin(connection, desk.worker_id, tracks[0].track_id)
            if ends:
                break
        if has_left:
            time.sleep(PATIENCE)
    except BaseException:
        with desk.database.write() as connection:
            claims.give_back(connection, desk.worker_id)
        raise


def _reserve(
    desk: WorkerContext, track_ids: Sequence[int], hashes: Sequence[str]
) -> tuple[list[AnalysisRequest], deque[Claimed]]:
    unreachable: list[int] = []
    if desk.rules.is_guest:
        # Not while writing: a network disk may take its time to answer.
        with desk.database.read() as connection:
            unreachable = unmounted_roots(connection, desk.rules.roots)
    with desk.database.write() as connection:
        wanted, reserved = reserve(connection, desk, track_ids, hashes, unreachable)
        if reserved:
            claims.begin(connection, desk.worker_id, reserved[0].track_id)
    return wanted, deque(replace(one, root=desk.rules.roots.here(one.root)) for one in reserved)


def reserve(
    connection: Connection,
    desk: WorkerContext,
    track_ids: Sequence[int],
    hashes: Sequence[str],
    out_of_reach: Sequence[int] = (),
) -> tuple[list[AnalysisRequest], list[Claimed]]:
    """What of the hashes this program can compute, and those of the tracks that it is now to be computed of."""
    if desk.revision is not None:
        require_unchanged(connection, desk.revision)
    wanted = _wanted(connection, hashes)
    recipe_ids = [one.recipe.id for one in wanted]
    return wanted, claims.reserve(connection, desk.worker_id, track_ids, recipe_ids, out_of_reach)


def enter_sandbox(desk: WorkerContext, wanted: Sequence[AnalysisRequest], seconds: int | None) -> None:
    """Confines this process for good. `seconds` is the CPU time that it may take; None for as much as it likes.

    What it has not computed before is compiled first: machine code is kept in files.
    """
    cold = [one.features for one in wanted if one.features.name not in desk.warmed]
    if cold and not is_confined():  # a process that hears one batch after another was warmed by the first
        warm(cold)
    file = desk.database.file
    writable: list[Path] = [] if file is None else [file.absolute().parent]
    Sandbox(desk.rules.memory_limit, writable).enter(None if seconds is None else seconds + SPARE_SECONDS)


def _guarded(outcome: AnalysisOutcome, claimed: Claimed, rules: WorkerOptions) -> AnalysisOutcome:
    """On a host that only helps, a file that is gone with its folder may be on a disk that is not mounted here."""
    if outcome.is_gone and rules.is_guest:
        folder = os.path.dirname(os.path.join(claimed.root, claimed.path))  # noqa: PTH118, PTH120 -- bytes
        if not is_root_mounted(folder):
            return AnalysisOutcome(is_out_of_reach=True)
    return outcome


def _count(tally: WorkerStats, claimed: Claimed, outcome: AnalysisOutcome, seconds: float) -> None:
    said = {"track_id": claimed.track_id, "seconds": round(seconds, 3)}
    if outcome.is_gone or outcome.is_out_of_reach:
        log.info("a track is out of reach", extra={**said, "missing": outcome.is_gone})
        return
    tally.add(seconds, is_failed=bool(outcome.failures))
    for failed in outcome.failures:
        log.info("a track failed", extra={**said, "stage": failed.stage, "reason": failed.reason})
    if not outcome.failures:
        log.info("a track was analyzed", extra=said)


def _store(
    connection: Connection,
    desk: WorkerContext,
    claimed: Claimed,
    wanted: Sequence[AnalysisRequest],
    outcome: AnalysisOutcome,
) -> bool:
    """Stores the outcome; what the database refuses of it, because of what is in it, is a failure of the track."""
    try:
        with connection.begin_nested():
            return store_outcome(connection, desk.worker_id, claimed, wanted, outcome)
    except (sa.exc.DataError, sa.exc.IntegrityError) as error:
        kept = [one for one in wanted if find_feature_set(connection, one.recipe.hash) is not None]
        if len(kept) < len(wanted):
            log.warning(
                "a recipe was removed while track %d was heard; its result is dropped", claimed.track_id
            )
            return store_outcome(connection, desk.worker_id, claimed, kept, _without_removed(outcome, kept))
        refused = Failure(FEATURES, "error", f"cannot be stored: {error.orig}")
        return store_outcome(
            connection,
            desk.worker_id,
            claimed,
            wanted,
            AnalysisOutcome(claimed.file_signature, failures=[refused]),
        )


def _without_removed(outcome: AnalysisOutcome, kept: Sequence[AnalysisRequest]) -> AnalysisOutcome:
    ids = {one.recipe.id for one in kept}
    return replace(
        outcome,
        vectors={recipe_id: vector for recipe_id, vector in outcome.vectors.items() if recipe_id in ids},
        failures=[one for one in outcome.failures if one.recipe_id is None or one.recipe_id in ids],
    )


def _hear_in_time(claimed: Claimed, wanted: Sequence[AnalysisRequest], time_limit: int) -> AnalysisOutcome:
    faulthandler.dump_traceback_later(time_limit, exit=True, file=STDERR)
    try:
        return analyze_track(claimed, wanted)
    finally:
        faulthandler.cancel_dump_traceback_later()


def _wanted(connection: Connection, hashes: Sequence[str]) -> list[AnalysisRequest]:
    """What the hashes name. A recipe that this program does not have is left to a worker that has it."""
    found = []
    for recipe_hash in hashes:
        recipe = find_feature_set(connection, recipe_hash)
        try:
            features = None if recipe is None else feature_set(recipe.name)
        except LookupError:
            features = None
        if recipe is None or features is None or features.hash != recipe_hash:
            log.warning("the recipe %s is not one of this program; another version is needed", recipe_hash)
        else:
            found.append(AnalysisRequest(features, recipe))
    return found
