"""The analysis job: reserves tracks, analyzes them in turn, and stores each in one transaction.

A job holds track ids and feature set hashes only. The database decides which of them are still pending.
"""

import faulthandler
import logging
import os
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.audio.feature_sets.installed import feature_set
from catalog.db.retry import is_disk_full
from catalog.db.schema.schema_state import require_unchanged
from catalog.features.stored_feature_set import find_feature_set
from catalog.text import one_line
from workers.host.exit_codes import EXIT_DISK_FULL, EXIT_IO
from workers.host.root_mapping import is_root_mounted, unmounted_roots
from workers.host.sandbox import Sandbox
from workers.host.worker_options import WorkerOptions
from workers.process.analyze_track import (
    AnalysisOutcome,
    AnalysisRequest,
    analyze_track,
    find_requests,
    store_outcome,
)
from workers.process.kernel_compilation import compile_kernels
from workers.process.warm_up import warm_up
from workers.process.worker_context import WorkerContext, current_worker_context
from workers.state import claims
from workers.state.claims import ClaimedTrack
from workers.state.failures import FEATURES, MAX_MESSAGE_LENGTH, Failure
from workers.state.worker_stats import count_track

log = logging.getLogger(__name__)

RELEASE_PAUSE = 1.0
"""Seconds to wait after tracks were released, so that a host that cannot analyze them does not loop without a pause."""
EXTRA_CPU_SECONDS = 60
"""CPU seconds of a job in addition to the time limits of its tracks."""
STDERR = 2


def analyze_tracks(track_ids: list[int], hashes: list[str], time_limit: int) -> None:
    """The job function of the queue. It runs in a work horse that was forked for it and enters a sandbox."""
    context = current_worker_context()
    context.database.detach_after_fork()
    try:
        work(context, track_ids, hashes, time_limit, is_sandboxed=True)
    except Exception as error:  # noqa: BLE001 -- no track is to blame for it
        # Without the SQL statement that SQLAlchemy would print: the message of the database is enough.
        cause = error.orig if isinstance(error, sa.exc.DBAPIError) else error
        message = one_line(f"{type(cause).__name__}: {cause}", MAX_MESSAGE_LENGTH)
        log.error("work could not go on: %s", message)  # noqa: TRY400
        os._exit(EXIT_DISK_FULL if is_disk_full(error) else EXIT_IO)
    finally:
        context.database.close()


def work(
    context: WorkerContext,
    track_ids: Sequence[int],
    hashes: Sequence[str],
    time_limit: int,
    *,
    is_sandboxed: bool = False,
) -> None:
    """Reserves the tracks and analyzes them in turn.

    Ends the whole process if a track takes longer than `time_limit` seconds, because a C library that hangs ignores
    exceptions. The claim then tells which track it was. With `is_sandboxed` the process is confined before the first
    file is opened.
    """
    if context.is_stopped():
        return  # the tracks stay pending and are queued again
    parent = os.getppid()
    if is_sandboxed:
        _warm_up_cold(context, hashes)
    requests, tracks = _reserve(context, track_ids, hashes)
    has_released = len(requests) < len(hashes) or not tracks
    try:
        if is_sandboxed and tracks:
            _enter_sandbox(context, len(tracks) * time_limit)
        while tracks:
            claimed = tracks.popleft()
            begin = time.monotonic()
            outcome = _analyze_in_time(claimed, requests, time_limit)
            outcome = _as_unmounted(outcome, claimed, context.options)
            seconds = time.monotonic() - begin
            is_last = context.is_stopped() or os.getppid() != parent or not tracks
            has_released = has_released or outcome.is_unmounted
            with context.database.write() as connection:
                if _store(connection, context, claimed, requests, outcome):
                    _count(connection, context.worker_id, claimed, outcome, seconds)
                else:
                    log.warning("the result for track %d came too late and was dropped", claimed.track_id)
                if is_last:
                    claims.release(connection, context.worker_id)
                else:
                    claims.begin(connection, context.worker_id, tracks[0].track_id)
            if is_last:
                break
        if has_released:
            time.sleep(RELEASE_PAUSE)
    except BaseException:
        with context.database.write() as connection:
            claims.release(connection, context.worker_id)
        raise


def _reserve(
    context: WorkerContext, track_ids: Sequence[int], hashes: Sequence[str]
) -> tuple[list[AnalysisRequest], deque[ClaimedTrack]]:
    roots = context.options.roots
    unmounted: list[int] = []
    if context.options.is_remote_host:
        # Before the write transaction: a network disk may respond slowly.
        with context.database.read() as connection:
            unmounted = unmounted_roots(connection, roots)
    with context.database.write() as connection:
        if context.revision is not None:
            require_unchanged(connection, context.revision)
        requests = find_requests(connection, hashes)
        ids = [request.stored.id for request in requests]
        reserved = claims.reserve(connection, context.worker_id, track_ids, ids, unmounted)
        if reserved:
            claims.begin(connection, context.worker_id, reserved[0].track_id)
    return requests, deque(replace(claimed, root=roots.here(claimed.root)) for claimed in reserved)


def _warm_up_cold(context: WorkerContext, hashes: Sequence[str]) -> None:
    """Compiles feature sets that were not warmed up, because a sandboxed process cannot cache machine code.

    Before any track is claimed: a crash is the fault of none. Raises KernelsFailedError.
    """
    warm = {feature_set(name).hash for name in context.warmed_up}
    if warm.issuperset(hashes):
        return
    with context.database.read() as connection:
        requests = find_requests(connection, hashes)
    cold = [request.features for request in requests if request.features.hash not in warm]
    if cold:
        compile_kernels(cold)
        warm_up(cold)


def _enter_sandbox(context: WorkerContext, seconds: int) -> None:
    """Confines this process permanently. `seconds` is the CPU time that the tracks may take."""
    file = context.database.file
    writable: list[Path] = [] if file is None else [file.absolute().parent]
    Sandbox(context.options.memory_limit, writable).enter(seconds + EXTRA_CPU_SECONDS)


def _analyze_in_time(
    claimed: ClaimedTrack, requests: Sequence[AnalysisRequest], time_limit: int
) -> AnalysisOutcome:
    faulthandler.dump_traceback_later(time_limit, exit=True, file=STDERR)
    try:
        return analyze_track(claimed, requests)
    finally:
        faulthandler.cancel_dump_traceback_later()


def _as_unmounted(outcome: AnalysisOutcome, claimed: ClaimedTrack, options: WorkerOptions) -> AnalysisOutcome:
    """On a remote host, a file that is missing with its folder may be on a disk that is not mounted."""
    if outcome.is_gone and options.is_remote_host:
        folder = os.path.dirname(os.path.join(claimed.root, claimed.path))  # noqa: PTH118, PTH120 -- bytes
        if not is_root_mounted(folder):
            return AnalysisOutcome(is_unmounted=True)
    return outcome


def _count(
    connection: Connection, worker_id: int, claimed: ClaimedTrack, outcome: AnalysisOutcome, seconds: float
) -> None:
    fields = {"track_id": claimed.track_id, "seconds": round(seconds, 3)}
    if outcome.is_gone or outcome.is_unmounted:
        log.info("a file was not found", extra={**fields, "missing": outcome.is_gone})
        return
    count_track(connection, worker_id, seconds, is_failed=bool(outcome.failures))
    for failure in outcome.failures:
        log.info("a track failed", extra={**fields, "stage": failure.stage, "reason": failure.reason})
    if not outcome.failures:
        log.info("a track was analyzed", extra=fields)


def _store(
    connection: Connection,
    context: WorkerContext,
    claimed: ClaimedTrack,
    requests: Sequence[AnalysisRequest],
    outcome: AnalysisOutcome,
) -> bool:
    """Stores the outcome. If the database rejects its content, that is a failure of the track."""
    try:
        with connection.begin_nested():
            return store_outcome(connection, context.worker_id, claimed, requests, outcome)
    except (sa.exc.DataError, sa.exc.IntegrityError) as error:
        failures = [Failure(FEATURES, "error", f"cannot be stored: {error.orig}")]
        if any(find_feature_set(connection, request.stored.hash) is None for request in requests):
            failures = []  # the track stays pending for the other feature sets
            log.warning(
                "a feature set was removed during the analysis of track %d; the result was dropped",
                claimed.track_id,
            )
        empty = AnalysisOutcome(claimed.file_signature, failures=failures)
        return store_outcome(connection, context.worker_id, claimed, [], empty)
