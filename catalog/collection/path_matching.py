"""How a labels file may name a track's file, and the tracks that are named so."""

# Paths are compared as the system gives them, in bytes.
# ruff: noqa: PTH118

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.collection.naming.paths import below, is_within
from catalog.collection.roots import KnownRoot
from catalog.db.tables import track

CHUNK = 5_000

_ESCAPED = re.compile(rb"\\x([0-9a-f]{2})")


def find_paths(
    connection: Connection, roots: Sequence[KnownRoot], folder: bytes, names: Iterable[str]
) -> dict[str, set[int]]:
    r"""The ids of the tracks that each name may mean: relative to the folder if there is one, else to the roots.

    A name may have either slash, be composed or decomposed, and have `\\xe9` for a byte that is not UTF-8.
    """
    found: dict[str, set[int]] = {}
    open_names = set(names)
    for near in (True, False):
        wanted: dict[int, dict[bytes, set[str]]] = {each.id: {} for each in roots}
        for name in open_names:
            for spelling in _spellings(name):
                for each in roots:
                    path = _in_root(spelling, each.path, folder if near else None)
                    if path:
                        wanted[each.id].setdefault(path, set()).add(name)
        for collection_id, paths in wanted.items():
            for path, key in _tracks(connection, collection_id, list(paths)):
                for name in paths[path]:
                    found.setdefault(name, set()).add(key)
        open_names -= found.keys()
    return found


def _spellings(name: str) -> Iterator[bytes]:
    slashed = {name, name.replace("\\", "/")}
    forms = {unicodedata.normalize(form, each) for each in slashed for form in ("NFC", "NFD")} | slashed
    for form in forms:
        try:
            written = form.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:
            continue
        yield written
        if b"\\x" in written:
            yield _ESCAPED.sub(lambda found: bytes.fromhex(found[1].decode("ascii")), written)


def _in_root(spelling: bytes, root: bytes, folder: bytes | None) -> bytes | None:
    """The path relative to the root; None where it leads out of it."""
    place = os.path.normpath(os.path.join(folder if folder is not None else root, spelling))
    return below(place, root) if is_within(place, root) else None


def _tracks(
    connection: Connection, collection_id: int, paths: Sequence[bytes]
) -> Iterator[tuple[bytes, int]]:
    query = sa.select(track.c.path_bytes, track.c.id).where(track.c.collection_id == collection_id)
    for start in range(0, len(paths), CHUNK):
        rows = connection.execute(query.where(track.c.path_bytes.in_(paths[start : start + CHUNK])))
        yield from rows
