"""Folders that only their owner can read: they contain titles, decisions and models."""

from __future__ import annotations

from pathlib import Path


def make_private_folder(folder: Path) -> None:
    """Creates a folder and its missing parents, readable only by their owner. An existing folder is not changed.

    `Path.mkdir(mode=..., parents=True)` would create the parents with the default mode.
    """
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for each in reversed(missing):
        each.mkdir(mode=0o700, exist_ok=True)
