"""Names of files, which are bytes, as text for people."""

from __future__ import annotations

import re

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def display_path(path: bytes) -> str:
    r"""The name as text on one line: what is not UTF-8 stands as `\xe9`, and so do control characters.

    Fit to be stored anywhere and to be shown; the bytes remain the name.
    """
    text = path.decode("utf-8", "backslashreplace")
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def is_within(path: bytes, folder: bytes) -> bool:
    """Whether an absolute or relative path is the folder or lies in it; the empty folder holds everything relative."""
    return not folder or path == folder or path.startswith(folder.rstrip(b"/") + b"/")


def below(path: bytes, folder: bytes) -> bytes:
    """The path relative to a folder that it lies in; empty for the folder itself."""
    return path[len(folder.rstrip(b"/")) :].lstrip(b"/")
