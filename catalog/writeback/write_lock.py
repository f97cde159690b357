"""The lock of tag writing: one process per catalog, so that a `planned` row of another process is from a killed one."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from catalog.db.database import Database
from catalog.errors import CatalogError

_ADVISORY_KEY = 0x7461675F77726974
"""The bytes of `tag_writ`: the key of the advisory lock on PostgreSQL."""


class WriterBusyError(CatalogError):
    """Another process is writing tags for this catalog."""


@contextmanager
def only_writer(database: Database) -> Iterator[None]:
    """Holds the lock, which the operating system releases if the process dies. Raises WriterBusyError."""
    if database.is_sqlite:
        assert database.file is not None
        with database.file.with_name(f"{database.file.name}.write-lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise _busy() from None
            yield
        return
    engine = database.writer.execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        key = {"key": _ADVISORY_KEY}
        if not connection.execute(sa.text("SELECT pg_try_advisory_lock(:key)"), key).scalar_one():
            raise _busy()
        try:
            yield
        finally:
            connection.execute(sa.text("SELECT pg_advisory_unlock(:key)"), key)


def _busy() -> WriterBusyError:
    return WriterBusyError("another catalog write is running on this catalog; try again when it has finished")
