"""A hidden folder beside what is being made, which a power cut may leave and the next one clears away."""

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
    """A private folder `.catalog-<purpose>-...` in the folder; removed at the end, with those of processes that are dead."""
    make_private_folder(folder)
    prefix = f".catalog-{purpose}-"
    for left in folder.glob(f"{prefix}*"):
        _clear(left)
    made = Path(tempfile.mkdtemp(prefix=prefix, dir=folder))
    handle = os.open(made, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)
        os.close(handle)


def publish(staged: Path, place: Path) -> None:
    """Gives a finished file its place. Raises FileExistsError where there is one already: nothing is overwritten."""
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
        # A file system without second names.
        if place.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(place)) from None
        staged.rename(place)


def _clear(left: Path) -> None:
    """Removes a folder unless the process that made it still holds it."""
    try:
        handle = os.open(left, os.O_RDONLY | os.O_NOFOLLOW | os.O_DIRECTORY)
    except OSError:
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(left, ignore_errors=True)
    except OSError:
        return
    finally:
        os.close(handle)
