"""Atomic writes: a file appears under its name when it is complete, or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def atomic_write(path: Path, *, private: bool = False) -> Iterator[BinaryIO]:
    """A binary file that replaces `path` when the block ends; after an error the old file stays.

    A symbolic link is followed. With `private` only the owner can read the file; otherwise the umask decides. Raises
    OSError if the folder does not exist or `path` is not a regular file.
    """
    target = path.resolve()
    if target.exists() and not target.is_file():
        raise OSError(None, "this is not a regular file", str(path))
    if not target.parent.is_dir():
        raise OSError(None, "there is no such folder", str(path.parent))
    # A random name: a process id may come back after a crash, and in a container it always does.
    temporary = target.with_name(f".{target.name[:40]}.{secrets.token_hex(8)}.part")
    try:
        # Not by tempfile, whose files only the owner can read: an export is there to be shared.
        with open(temporary, "xb", opener=_open_private if private else None) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def _open_private(name: str, flags: int) -> int:
    return os.open(name, flags, 0o600)
