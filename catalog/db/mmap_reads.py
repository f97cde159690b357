"""A SQLite file read as memory, for questions that want a few bytes of each of very many long rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

MOST = 2**31
"""Bytes of the file; SQLite takes a little less, and reads what lies behind as usual."""


@contextmanager
def mmap_reads(connection: Connection) -> Iterator[None]:
    """While it is open SQLite looks at pages where the system holds them, and copies none. On PostgreSQL it does nothing.

    For no longer than a question: where the disk fails meanwhile, the process is killed and not told.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    plain = connection.connection
    plain.execute(f"PRAGMA mmap_size = {MOST}")
    try:
        yield
    finally:
        plain.execute("PRAGMA mmap_size = 0")
