"""File names, which are bytes: as text for display, and relative to folders."""

from __future__ import annotations

import re

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def display_path(path: bytes) -> str:
    r"""The name as text on one line; bytes that are not UTF-8, and control characters, become `\xe9`."""
    text = path.decode("utf-8", "backslashreplace")
    return _CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", text)


def is_within(path: bytes, folder: bytes) -> bool:
    """Whether a path is the folder or in it; the empty folder contains every relative path."""
    return not folder or path == folder or path.startswith(folder.rstrip(b"/") + b"/")


def below(path: bytes, folder: bytes) -> bytes:
    """The path relative to a folder that contains it; empty for the folder itself."""
    return path[len(folder.rstrip(b"/")) :].lstrip(b"/")
