"""One-line messages for errors."""

from __future__ import annotations

import errno
import sqlite3

import click
import pytest

from catalog.cli.common.error_message import error_message
from catalog.errors import CatalogError


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (CatalogError("no\n  such thing"), "no such thing"),
        (click.ClickException("no  reviewer"), "no reviewer"),
        (FileNotFoundError(2, "No such file", "a.csv"), "No such file: a.csv"),
        (
            OSError(errno.ENOSPC, "No space left"),
            "the disk is full; free some space, then run the same command again",
        ),
        (
            sqlite3.OperationalError("attempt to write a readonly database"),
            "the database cannot be written to; check the permissions of its file and folder",
        ),
        (
            sqlite3.OperationalError("database is locked"),
            "the database stayed locked by other writers; run the same command again",
        ),
        (
            sqlite3.DatabaseError("database disk image is malformed"),
            "the database file is damaged; locate the damage with catalog db check, or restore a backup",
        ),
        (ValueError("x"), "unexpected ValueError: x (run again with -v for the traceback)"),
        (KeyError(), "unexpected KeyError: KeyError (run again with -v for the traceback)"),
    ],
)
def test_every_error_is_one_line(error: Exception, message: str) -> None:
    assert error_message(error) == message
