"""Room on the disk of the database: waited for, with rests that grow."""

from __future__ import annotations

import logging
import time

from workers.pool.worker_pool import DiskFullError

log = logging.getLogger(__name__)

FIRST_REST, LONGEST_REST = 2.0, 30.0
"""Seconds; each rest is twice as long as the one before."""
AT_WORK = 60.0
"""Who finds no room only after so many seconds of work has a new trouble, with its own patience."""


class DiskFullBackoff:
    """What to do when there is none."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._lacking_since = 0.0
        self._rest = FIRST_REST
        self._until = 0.0

    def is_awaited(self) -> bool:
        """Whether the rest is not over."""
        return time.monotonic() < self._until

    def wait(self) -> None:
        """Begins a rest, and says so. Raises DiskFullError where there has been none for longer than the patience."""
        present = time.monotonic()
        if not self._until or present - self._until > AT_WORK:
            self._lacking_since, self._rest = present, FIRST_REST
        elif present - self._lacking_since > self._patience:
            raise DiskFullError
        log.warning("the disk of the database is full; trying again in %.0f s", self._rest)
        self._until = present + self._rest
        self._rest = min(2 * self._rest, LONGEST_REST)
