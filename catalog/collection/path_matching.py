"""Finds tracks by the paths in a labels file, a vector file, or an argument."""

# File names are bytes; a Path holds text.
# ruff: noqa: PTH118

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.batches import chunks
from catalog.collection.naming.paths import below, is_within
from catalog.collection.roots import KnownRoot
from catalog.db.tables import track

_ESCAPED = re.compile(rb"\\x([0-9a-f]{2})")


def find_paths(
    connection: Connection, roots: Sequence[KnownRoot], folder: bytes, names: Iterable[str]
) -> dict[str, set[int]]:
    r"""The ids of the tracks that each name matches: relative to the folder, or else to the roots.

    A name may have either slash, be composed or decomposed Unicode, and have `\\xe9` for a byte that is not UTF-8.
    """
    matches: dict[str, set[int]] = {}
    unmatched = set(names)
    for is_in_folder in (True, False):
        candidates: dict[int, dict[bytes, set[str]]] = {root.id: {} for root in roots}
        for name in unmatched:
            for spelling in _spellings(name):
                for root in roots:
                    path = _in_root(spelling, root.path, folder if is_in_folder else None)
                    if path:
                        candidates[root.id].setdefault(path, set()).add(name)
        for collection_id, paths in candidates.items():
            for path, key in _tracks(connection, collection_id, list(paths)):
                for name in paths[path]:
                    matches.setdefault(name, set()).add(key)
        unmatched -= matches.keys()
    return matches


def _spellings(name: str) -> Iterator[bytes]:
    slashed = {name, name.replace("\\", "/")}
    forms = {unicodedata.normalize(form, text) for text in slashed for form in ("NFC", "NFD")} | slashed
    for form in forms:
        try:
            written = form.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:
            continue
        yield written
        if b"\\x" in written:
            yield _ESCAPED.sub(lambda match: bytes.fromhex(match[1].decode("ascii")), written)


def _in_root(spelling: bytes, root: bytes, folder: bytes | None) -> bytes | None:
    """The path relative to the root; None if it is outside of the root."""
    place = os.path.normpath(os.path.join(folder if folder is not None else root, spelling))
    return below(place, root) if is_within(place, root) else None


def _tracks(
    connection: Connection, collection_id: int, paths: Sequence[bytes]
) -> Iterator[tuple[bytes, int]]:
    query = sa.select(track.c.path_bytes, track.c.id).where(track.c.collection_id == collection_id)
    for some_paths in chunks(paths):
        yield from connection.execute(query.where(track.c.path_bytes.in_(some_paths)))
