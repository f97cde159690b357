"""Folders of the catalog, which nobody but their owner looks into: titles, decisions and models are in them."""

from __future__ import annotations

from pathlib import Path


def make_private_folder(folder: Path) -> None:
    """Makes a folder, and those above it that are missing, for their owner alone. One that is there stays as it is.

    By `Path.mkdir` with a mode, those above would be for everybody.
    """
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for each in reversed(missing):
        each.mkdir(mode=0o700, exist_ok=True)
