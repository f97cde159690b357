"""One-line messages for errors that end a command."""

from __future__ import annotations

import errno
import os
import re
import sqlite3

import click

from catalog.errors import CatalogError
from catalog.settings import SURROGATE

UNWRITABLE = re.compile("readonly|unable to open")
"""SQLite's messages for a file or folder without write permission; the owner of the disk decides which one appears."""


def error_message(error: Exception) -> str:
    """Describes an error in one line: what is wrong and what to do."""
    remedy = _remedy(error)
    if remedy is not None:
        return remedy
    if isinstance(error, click.ClickException):
        return " ".join(error.format_message().split())
    if isinstance(error, UnicodeEncodeError) and SURROGATE.search(error.object):
        return f"{error.object[:300]!r} contains bytes that are not valid text here; correct the argument or the locale"
    text = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, CatalogError):
        return text
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.strerror}: {os.fsdecode(error.filename)}"
    return f"unexpected {type(error).__name__}: {text[:300]} (run again with -v for the traceback)"


def _remedy(error: Exception) -> str | None:
    """Returns the message for a disk or database failure; None for any other error."""
    from catalog.db.retry import is_connection_lost, is_disk_full  # `catalog --help` needs no database

    origin = error.__cause__ or getattr(error, "orig", None) or error
    if getattr(origin, "errno", None) == errno.ENOSPC or (
        isinstance(origin, Exception) and is_disk_full(origin)
    ):
        return "the disk is full; free some space, then run the same command again"
    if is_connection_lost(error) and not isinstance(error, CatalogError):
        return "the connection to the database was lost; run the same command again when it is back"
    if isinstance(origin, sqlite3.OperationalError) and UNWRITABLE.search(str(origin)):
        return "the database cannot be written to; check the permissions of its file and folder"
    if isinstance(origin, sqlite3.OperationalError) and "is locked" in str(origin):
        return "the database stayed locked by other writers; run the same command again"
    if isinstance(origin, sqlite3.DatabaseError) and "malformed" in str(origin):
        return "the database file is damaged; locate the damage with catalog db check, or restore a backup"
    return None
