"""Finds tracks by the paths in a labels file, a vector file, or an argument."""

# File names are bytes; a Path holds text.
# ruff: noqa: PTH114, PTH116, PTH118

from __future__ import annotations

import os
import re
import stat
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.batches import chunks
from catalog.collection.naming.paths import below, is_within
from catalog.collection.roots import KnownRoot
from catalog.db.tables import track

_ESCAPED = re.compile(rb"\\x([0-9a-f]{2})")
_ESCAPED_CHARACTER = re.compile(r"\\x(2028|2029|[0-9a-f]{2})")

Resolve = Callable[[bytes], bytes]
"""Turns a joined path into the one that is compared."""
Spellings = Callable[[str], Iterator[bytes]]
"""The file names that a name may stand for."""


def find_paths(
    connection: Connection, roots: Sequence[KnownRoot], folder: bytes, names: Iterable[str]
) -> dict[str, set[int]]:
    r"""The ids of the tracks that each name matches: relative to the folder, or else to the roots.

    A name may lead through symbolic links, have either slash, be composed or decomposed Unicode, have spaces or a
    carriage return at its ends, and have `\\xe9` for a byte that is not UTF-8. The name as written is preferred, so
    that two files whose names differ only in such a way are told apart.
    """
    matches: dict[str, set[int]] = {}
    unmatched = set(names)
    resolves: Sequence[Resolve] = (os.path.normpath, _RealPath())
    readings: Sequence[Spellings] = (_as_written, _other_forms, _without_outer_spaces)
    for place, resolve, spellings in product((folder, None), resolves, readings):
        for root_id, paths in _relative_paths(roots, place, unmatched, resolve, spellings).items():
            for path, track_id in _tracks(connection, root_id, list(paths)):
                for name in paths[path]:
                    matches.setdefault(name, set()).add(track_id)
        unmatched -= matches.keys()
    return matches | _tracks_of_files(connection, roots, folder, unmatched)


@dataclass
class _RealPath:
    """`os.path.realpath` that resolves every folder once."""

    folders: dict[bytes, bytes] = field(default_factory=dict)

    def __call__(self, path: bytes) -> bytes:
        folder, name = os.path.split(path)
        if name in {b"", b".", b".."} or os.path.islink(path):
            return os.path.realpath(path)
        if folder not in self.folders:
            self.folders[folder] = os.path.realpath(folder)
        return os.path.join(self.folders[folder], name)


def _relative_paths(
    roots: Sequence[KnownRoot],
    place: bytes | None,
    names: Iterable[str],
    resolve: Resolve,
    spellings: Spellings,
) -> dict[int, dict[bytes, set[str]]]:
    """The names by root id and path relative to the root. With a place of None, relative names begin at each root."""
    tops = [(root, resolve(root.path)) for root in roots]
    paths: dict[int, dict[bytes, set[str]]] = {root.id: {} for root in roots}
    spelled = ((name, spelling) for name in names for spelling in spellings(name))
    for name, spelling in spelled:
        if b"\0" in spelling or (place is None and spelling.startswith(b"/")):
            continue
        path = b"" if place is None else resolve(os.path.join(place, spelling))
        for root, top in tops:
            inside = path or resolve(os.path.join(root.path, spelling))
            if inside != top and is_within(inside, top):
                paths[root.id].setdefault(below(inside, top), set()).add(name)
    return paths


def _as_written(name: str) -> Iterator[bytes]:
    try:
        yield name.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return


def _other_forms(name: str) -> Iterator[bytes]:
    """The name with the other slash, the other Unicode form, or unescaped bytes."""
    slashed = {name, name.replace("\\", "/")}
    forms = {unicodedata.normalize(form, text) for text in slashed for form in ("NFC", "NFD")} | slashed
    for form in forms:
        for written in _as_written(form):
            if form != name:
                yield written
            if b"\\x" in written:
                # Of a byte that is not UTF-8, or of a control character.
                yield _ESCAPED.sub(lambda match: bytes.fromhex(match[1].decode("ascii")), written)
                yield from _as_written(_ESCAPED_CHARACTER.sub(lambda match: chr(int(match[1], 16)), form))


def _without_outer_spaces(name: str) -> Iterator[bytes]:
    stripped = name.strip()
    if stripped != name:
        yield from _as_written(stripped)
        yield from _other_forms(stripped)


def _tracks(
    connection: Connection, collection_id: int, paths: Sequence[bytes]
) -> Iterator[tuple[bytes, int]]:
    query = sa.select(track.c.path_bytes, track.c.id).where(track.c.collection_id == collection_id)
    for some_paths in chunks(paths):
        yield from connection.execute(query.where(track.c.path_bytes.in_(some_paths)))


def _tracks_of_files(
    connection: Connection, roots: Sequence[KnownRoot], folder: bytes, names: Iterable[str]
) -> dict[str, set[int]]:
    """The tracks whose files are those that the names lead to: a link in a collection may lead out of its root."""
    named: defaultdict[tuple[int, int], set[str]] = defaultdict(set)
    sizes = set()
    for name in names:
        for written in _as_written(name):
            status = _file_status(os.path.join(folder, written))
            if status is not None:
                named[status.st_dev, status.st_ino].add(name)
                sizes.add(status.st_size)
    matches: dict[str, set[int]] = {}
    root_by_id = {root.id: root.path for root in roots}
    query = sa.select(track.c.id, track.c.collection_id, track.c.path_bytes)
    for some_sizes in chunks(sorted(sizes)):
        for track_id, collection_id, path in connection.execute(query.where(track.c.size.in_(some_sizes))):
            if collection_id in root_by_id and path is not None:
                status = _file_status(os.path.join(root_by_id[collection_id], path))
                for name in named.get((status.st_dev, status.st_ino), ()) if status else ():
                    matches.setdefault(name, set()).add(track_id)
    return matches


def _file_status(path: bytes) -> os.stat_result | None:
    """The status of a regular file; None for anything else."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return status if stat.S_ISREG(status.st_mode) else None
