"""Hidden staging folders next to the target; leftovers of dead processes are removed by the next one."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from catalog.db.private_folder import make_private_folder


@contextmanager
def staging(folder: Path, purpose: str) -> Iterator[Path]:
    """A private folder `.catalog-<purpose>-...`, removed at the end together with those of dead processes."""
    make_private_folder(folder)
    prefix = f".catalog-{purpose}-"
    for leftover in folder.glob(f"{prefix}*"):
        _remove_unless_locked(leftover)
    created = Path(tempfile.mkdtemp(prefix=prefix, dir=folder))
    handle = os.open(created, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield created
    finally:
        shutil.rmtree(created, ignore_errors=True)
        os.close(handle)


def publish(staged: Path, place: Path) -> None:
    """Moves a finished file to its final name. Raises FileExistsError instead of overwriting a file."""
    handle = os.open(staged, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    try:
        os.link(staged, place)
    except FileExistsError:
        raise
    except OSError:
        # A file system without hard links.
        if place.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(place)) from None
        staged.rename(place)


def _remove_unless_locked(leftover: Path) -> None:
    """Removes a folder unless the process that created it still has its lock."""
    try:
        handle = os.open(leftover, os.O_RDONLY | os.O_NOFOLLOW | os.O_DIRECTORY)
    except OSError:
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(leftover, ignore_errors=True)
    except OSError:
        return
    finally:
        os.close(handle)
