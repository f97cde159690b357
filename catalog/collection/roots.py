"""Root folders of collections: which collection a path belongs to."""

# File names are bytes; a Path holds text.
# ruff: noqa: PTH100, PTH110, PTH112, PTH113, PTH116, PTH118, PTH119, PTH120

from __future__ import annotations

import os
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.collection.naming.audio_extensions import AUDIO_SUFFIXES, is_audio
from catalog.collection.naming.file_state import FileState
from catalog.collection.naming.paths import below, display_path, is_within
from catalog.db.tables import collection
from catalog.errors import CatalogError


class CollectionRootError(CatalogError):
    """A folder cannot be added, or a collection cannot be found or changed; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Root:
    """The start of a scan, and the collection it is for."""

    collection_id: int | None
    """None if the collection is new."""
    name: str
    path: bytes
    """The root folder, absolute."""
    start: bytes
    """The file or folder to scan, relative to the root; empty: the whole root."""
    old_path: bytes | None = None
    """The root folder that the catalog has, if the folder was renamed."""

    @property
    def is_whole_collection(self) -> bool:
        """Whether the whole collection is scanned."""
        return not self.start

    @property
    def scan_start(self) -> bytes:
        """The absolute path of the file or folder to scan."""
        return os.path.join(self.path, self.start) if self.start else self.path


@dataclass(frozen=True, slots=True)
class KnownRoot:
    """A collection that has a root folder."""

    id: int
    name: str
    path: bytes


def known_roots(connection: Connection) -> list[KnownRoot]:
    """All collections with a root folder, by name."""
    column = collection.c
    rows = connection.execute(
        sa.select(column.id, column.name, column.root_bytes)
        .where(column.root_bytes.is_not(None))
        .order_by(column.name)
    )
    return [KnownRoot(*row) for row in rows]


def collection_id_of(connection: Connection, name: str) -> int:
    """The id of the collection with this name, else with this root folder.

    Raises CollectionRootError, with the names of the others, if it does not exist.
    """
    column = collection.c
    collection_id = connection.execute(sa.select(column.id).where(column.name == name)).scalar_one_or_none()
    if collection_id is None and "/" in name:
        folder = os.path.realpath(os.fsencode(name))
        roots = known_roots(connection)
        collection_id = next((root.id for root in roots if os.path.realpath(root.path) == folder), None)
    if collection_id is None:
        names = connection.execute(sa.select(column.name).order_by(column.name)).scalars().all()
        listed = ", ".join(map(repr, names[:10])) or "none; add one with: catalog scan FOLDER"
        raise CollectionRootError(f"there is no collection {name!r}; known collections: {listed}")
    return int(collection_id)


def find_root(connection: Connection, path: bytes, name: str | None = None) -> Root:
    """The root for a path to scan: that of the collection that contains it, or the path itself (of a file, its folder).

    Raises CollectionRootError if the path does not exist, is a file that is not audio, or a pipe or device named like
    audio, if it contains a known collection, or if the name is taken.
    """
    lexical = os.path.abspath(path)
    real = os.path.realpath(path)
    known = known_roots(connection)
    if not os.path.exists(lexical):
        raise CollectionRootError(_absent(lexical, known))
    is_file = not os.path.isdir(lexical)
    if is_file and not is_audio(lexical):
        raise CollectionRootError(
            f"{display_path(lexical)} does not end in a suffix of audio files: {_listed_suffixes()}"
        )
    if is_file and not os.path.isfile(lexical):
        raise CollectionRootError(
            f"{display_path(lexical)} is not a regular file; name an audio file or a folder"
        )
    if (found := _containing_root(known, lexical, real)) is not None:
        root, start = found
        if name is not None and name != root.name:
            raise CollectionRootError(
                f"{display_path(lexical)} is in the collection {root.name!r} already; leave out the name"
            )
        return Root(root.id, root.name, root.path, start)
    folder, start = (os.path.dirname(real), os.path.basename(real)) if is_file else (real, b"")
    inside = [root for root in known if is_within(os.path.realpath(root.path), folder)]
    if inside:
        raise CollectionRootError(_around(folder, inside))
    return Root(None, _free_name(connection, folder, name), folder, start)


def is_root_present(path: bytes, inode: int | None) -> bool:
    """Whether a root folder is mounted: it has the inode of the last scan, or it is not empty.

    A file that is not in such a folder was moved or deleted. Elsewhere its disk may only be missing.
    """
    try:
        if inode is not None and FileState.of(os.stat(path)).inode == inode:
            return True
        with os.scandir(path) as entries:
            return next(entries, None) is not None
    except OSError:
        return False


def _containing_root(known: list[KnownRoot], lexical: bytes, real: bytes) -> tuple[KnownRoot, bytes] | None:
    """The root that contains a path, and the path relative to it.

    The path as written comes first: a link that leads out of the root is part of the collection. The root itself may
    have become a link.
    """
    for path in (lexical, real):
        for root in known:
            if is_within(path, root.path):
                return root, below(path, root.path)
    for root in known:
        top = os.path.realpath(root.path)
        if is_within(real, top):
            return root, below(real, top)
    return None


def without_audio(path: bytes) -> CollectionRootError:
    """The error for a folder without audio."""
    return CollectionRootError(
        f"no audio in {display_path(path)}: no file there ends in {_listed_suffixes()}"
    )


def _absent(path: bytes, known: list[KnownRoot]) -> str:
    for root in known:
        if is_within(path, root.path):
            return (
                f"{display_path(path)} does not exist; the collection {root.name!r} was not changed. Mount the disk, "
                f"or if the files have moved: catalog collections move {root.name!r} NEW_FOLDER"
            )
    return f"{display_path(path)} does not exist"


def _around(folder: bytes, inside: list[KnownRoot]) -> str:
    if len(inside) == 1:
        (only,) = inside
        return (
            f"{display_path(folder)} contains the collection {only.name!r} ({display_path(only.path)}); to extend it: "
            f"catalog collections move {only.name!r} {display_path(folder)!r}"
        )
    names = ", ".join(repr(root.name) for root in inside[:5])
    return (
        f"{display_path(folder)} contains {len(inside)} collections already ({names}); scan them one by one, "
        "or remove all but one and extend that: catalog collections move NAME FOLDER"
    )


def _free_name(connection: Connection, folder: bytes, name: str | None) -> str:
    taken = set(connection.execute(sa.select(collection.c.name)).scalars())
    if name is not None:
        if name in taken:
            raise CollectionRootError(f"another collection is called {name!r} already; choose another name")
        return name
    plain = display_path(os.path.basename(folder)) or display_path(folder)
    names = (plain if number == 1 else f"{plain} ({number})" for number in range(1, len(taken) + 2))
    return next(candidate for candidate in names if candidate not in taken)


def _listed_suffixes() -> str:
    return " ".join(sorted(AUDIO_SUFFIXES))
