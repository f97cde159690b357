"""Memory-mapped reads of SQLite, for queries that read a few bytes of very many long rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

MMAP_SIZE = 2**31
"""Bytes to map. SQLite maps slightly less, and reads the rest of the file as usual."""


@contextmanager
def mmap_reads(connection: Connection) -> Iterator[None]:
    """Lets SQLite read pages from the page cache without a copy, while the block runs; no effect on PostgreSQL.

    Keep the block short: a disk error during a mapped read kills the process instead of raising an error.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    plain = connection.connection
    plain.execute(f"PRAGMA mmap_size = {MMAP_SIZE}")
    try:
        yield
    finally:
        plain.execute("PRAGMA mmap_size = 0")
