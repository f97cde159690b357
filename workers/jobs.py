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
from dataclasses import dataclass
from types import FrameType

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.audio.registry import feature_set
from catalog.collection.recipes import find_recipe
from catalog.db.database import Database
from workers import claims
from workers.claims import Claimed
from workers.failures import FEATURES, Failure, one_line
from workers.hearing import Outcome, Wanted, hear, store

log = logging.getLogger(__name__)

PATIENCE = 1.0
"""Seconds to wait after giving tracks back, so that a host which cannot work on them does not turn in circles."""
STDERR = 2
TROUBLE = 74
"""The exit code, EX_IOERR, of a horse that could not do its work for no fault of a track: a database that is full,
locked or away.
"""


class Stop:
    """Whether the work is to end after the present track; set by SIGUSR1, which a draining worker sends its horse."""

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
class Desk:
    """What a worker process works with."""

    database: Database
    worker_id: int


_desks: list[Desk] = []


def sit_down(desk: Desk) -> None:
    """Gives this process, and those forked from it, the desk for its jobs."""
    _desks[:] = [desk]


def present_desk() -> Desk:
    """The desk that this process was given."""
    (desk,) = _desks
    return desk


def analyze_tracks(track_ids: list[int], hashes: list[str], time_limit: int) -> None:
    """The job as the queue knows it."""
    desk = present_desk()
    desk.database.forget()
    try:
        work(desk, track_ids, hashes, time_limit)
    except Exception as error:  # noqa: BLE001 -- whatever it is, it is not the tracks' doing
        log.error("work could not go on: %s", one_line(f"{type(error).__name__}: {error}"))  # noqa: TRY400
        os._exit(TROUBLE)
    finally:
        desk.database.close()


def work(
    desk: Desk,
    track_ids: Sequence[int],
    hashes: Sequence[str],
    time_limit: int,
    is_stopped: Callable[[], bool] = lambda: Stop.requested,
) -> None:
    """Reserves the tracks and hears them one after the other.

    Ends the whole process where one takes longer than the time limit, in seconds: a C library that hangs heeds no
    exception. The claim then says which track it was.
    """
    parent = os.getppid()
    with desk.database.write() as connection:
        wanted = _wanted(connection, hashes)
        tracks = deque(
            claims.reserve(connection, desk.worker_id, track_ids, [one.recipe.id for one in wanted])
        )
        if tracks:
            claims.begin(connection, desk.worker_id, tracks[0].track_id)
    if len(wanted) < len(hashes):
        time.sleep(PATIENCE)
    try:
        while tracks:
            claimed = tracks.popleft()
            outcome = _hear_in_time(claimed, wanted, time_limit)
            ends = is_stopped() or outcome.is_out_of_reach or os.getppid() != parent
            with desk.database.write() as connection:
                if not _store(connection, desk, claimed, wanted, outcome):
                    log.warning("the result for track %d came too late and was dropped", claimed.track_id)
                if ends or not tracks:
                    claims.give_back(connection, desk.worker_id)
                else:
                    claims.begin(connection, desk.worker_id, tracks[0].track_id)
            if outcome.is_out_of_reach:
                log.warning("the collection of track %d is not within reach of this host", claimed.track_id)
                time.sleep(PATIENCE)
            if ends:
                return
    except BaseException:
        with desk.database.write() as connection:
            claims.give_back(connection, desk.worker_id)
        raise


def _store(
    connection: Connection, desk: Desk, claimed: Claimed, wanted: Sequence[Wanted], outcome: Outcome
) -> bool:
    """Stores the outcome; what the database refuses of it, because of what is in it, is a failure of the track."""
    try:
        with connection.begin_nested():
            return store(connection, desk.worker_id, claimed, wanted, outcome)
    except (sa.exc.DataError, sa.exc.IntegrityError) as error:
        refused = Failure(FEATURES, "error", f"cannot be stored: {error.orig}")
        return store(
            connection, desk.worker_id, claimed, wanted, Outcome(claimed.fingerprint, failures=[refused])
        )


def _hear_in_time(claimed: Claimed, wanted: Sequence[Wanted], time_limit: int) -> Outcome:
    faulthandler.dump_traceback_later(time_limit, exit=True, file=STDERR)
    try:
        return hear(claimed, wanted)
    finally:
        faulthandler.cancel_dump_traceback_later()


def _wanted(connection: Connection, hashes: Sequence[str]) -> list[Wanted]:
    """What the hashes name. A recipe that this program does not have is left to a worker that has it."""
    found = []
    for recipe_hash in hashes:
        recipe = find_recipe(connection, recipe_hash)
        try:
            features = None if recipe is None else feature_set(recipe.name)
        except LookupError:
            features = None
        if recipe is None or features is None or features.hash != recipe_hash:
            log.warning("the recipe %s is not one of this program; another version is needed", recipe_hash)
        else:
            found.append(Wanted(features, recipe))
    return found
