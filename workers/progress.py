"""How far the analysis is, asked of the database."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from catalog.collection.vectors import unheard
from catalog.db.tables import failure, track


@dataclass(frozen=True)
class Progress:
    """Where a run of the analysis stands."""

    total: int
    """Tracks that were pending at the start."""
    remaining: int
    failed: int
    """Tracks that have failed since the start."""
    seconds: float
    """Since the start."""
    per_second: float | None
    """Tracks a second; None before the first is done."""

    @property
    def done(self) -> int:
        """Tracks that need nothing more, those that failed among them."""
        return max(0, self.total - self.remaining)

    @property
    def seconds_left(self) -> float | None:
        """An estimate; None where there is nothing to go by yet."""
        return self.remaining / self.per_second if self.per_second else None


class Tally:
    """Counts what remains of a run, seldom enough that counting costs little."""

    def __init__(self, recipe_ids: Sequence[int], total: int, started_at: datetime) -> None:
        self._recipe_ids = recipe_ids
        self._total = total
        self._started_at = started_at
        self._begin = time.monotonic()
        self._first_done: tuple[float, int] | None = None

    def count(self, connection: Connection, where: ColumnElement[bool] | None) -> Progress:
        """The progress now."""
        remaining = count_unheard(connection, self._recipe_ids, where)
        time_now = time.monotonic()
        done = max(0, self._total - remaining)
        if done and self._first_done is None:
            # Workers take seconds to start; the rate is counted from when the first results were there.
            self._first_done = (time_now, done)
        rate = None
        if self._first_done is not None:
            since, already = self._first_done
            if time_now - since > 1:
                rate = (done - already) / (time_now - since)
        return Progress(
            total=self._total,
            remaining=remaining,
            failed=count_failed(connection, self._started_at, where),
            seconds=time_now - self._begin,
            per_second=rate or None,
        )


def count_unheard(
    connection: Connection, recipe_ids: Sequence[int], where: ColumnElement[bool] | None
) -> int:
    """How many tracks lack a vector, those among them that somebody is at work on."""
    query = sa.select(sa.func.count()).select_from(unheard(recipe_ids, where).subquery())
    return connection.execute(query).scalar_one()


def count_failed(connection: Connection, since: datetime, where: ColumnElement[bool] | None) -> int:
    """How many tracks have failed since that time."""
    query = (
        sa.select(sa.func.count(failure.c.track_id.distinct()))
        .join(track, track.c.id == failure.c.track_id)
        .where(failure.c.failed_at >= since)
    )
    return connection.execute(query if where is None else query.where(where)).scalar_one()


def count_missing(connection: Connection, where: ColumnElement[bool] | None) -> int:
    """How many tracks have no file at present."""
    query = sa.select(sa.func.count()).select_from(track).where(track.c.state == "missing")
    return connection.execute(query if where is None else query.where(where)).scalar_one()
