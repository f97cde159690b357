"""Roots: to which collection a path belongs."""

# Names are bytes here, and a Path is text.
# ruff: noqa: PTH100, PTH110, PTH112, PTH113, PTH118, PTH119, PTH120

from __future__ import annotations

import os
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.collection.naming.audio_extensions import AUDIO_SUFFIXES, is_audio
from catalog.collection.naming.paths import below, display_path, is_within
from catalog.db.tables import collection
from catalog.errors import CatalogError


class CollectionRootError(CatalogError):
    """A folder that cannot be brought in, or a collection that cannot be changed so; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Root:
    """Where a scan begins and which collection it is for."""

    collection_id: int | None
    """None where the collection is not yet known."""
    name: str
    path: bytes
    """The root folder, absolute."""
    start: bytes
    """The file or folder to scan, relative to the root; empty: all of it."""

    @property
    def whole(self) -> bool:
        """Whether all of the collection is scanned."""
        return not self.start

    @property
    def beginning(self) -> bytes:
        """The absolute path of what is scanned."""
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


def find_root(connection: Connection, path: bytes, name: str | None = None) -> Root:
    """The root for a path to scan: that of the collection it lies in, or itself (of a file, its folder).

    Raises CollectionRootError where there is nothing at the path, where it is a file that is no audio or a pipe or device
    named like audio, where a known collection lies in it, and where the name is taken.
    """
    lexical = os.path.abspath(path)
    real = os.path.realpath(path)
    known = known_roots(connection)
    if not os.path.exists(lexical):
        raise CollectionRootError(_absent(lexical, known))
    is_file = not os.path.isdir(lexical)
    if is_file and not is_audio(lexical):
        raise CollectionRootError(
            f"{display_path(lexical)} has none of the suffixes of audio: {_listed_suffixes()}"
        )
    if is_file and not os.path.isfile(lexical):
        raise CollectionRootError(
            f"{display_path(lexical)} is no regular file; name an audio file or a folder of them"
        )
    # As written first: a link that leaves the root is part of the collection.
    for place in (lexical, real):
        for each in known:
            if is_within(place, each.path):
                if name is not None and name != each.name:
                    raise CollectionRootError(
                        f"{display_path(place)} is in the collection {each.name!r} already; leave out the name"
                    )
                return Root(each.id, each.name, each.path, below(place, each.path))
    folder, start = (os.path.dirname(real), os.path.basename(real)) if is_file else (real, b"")
    inside = [each for each in known if is_within(each.path, folder)]
    if inside:
        raise CollectionRootError(_around(folder, inside))
    return Root(None, _free_name(connection, folder, name), folder, start)


def without_audio(path: bytes) -> CollectionRootError:
    """What to say of a folder that holds no audio."""
    return CollectionRootError(
        f"no audio in {display_path(path)}: no file there ends in {_listed_suffixes()}"
    )


def _absent(path: bytes, known: list[KnownRoot]) -> str:
    for each in known:
        if is_within(path, each.path):
            return (
                f"{display_path(path)} does not exist; the collection {each.name!r} was left as it is. Mount the disk, "
                f"or if the files have moved: catalog collections move {each.name!r} NEW_FOLDER"
            )
    return f"{display_path(path)} does not exist"


def _around(folder: bytes, inside: list[KnownRoot]) -> str:
    if len(inside) == 1:
        (only,) = inside
        return (
            f"{display_path(folder)} holds the collection {only.name!r} ({display_path(only.path)}); to widen it: "
            f"catalog collections move {only.name!r} {display_path(folder)!r}"
        )
    names = ", ".join(repr(each.name) for each in inside[:5])
    return (
        f"{display_path(folder)} holds {len(inside)} collections already ({names}); scan them one by one, "
        "or remove all but one and widen that: catalog collections move NAME FOLDER"
    )


def _free_name(connection: Connection, folder: bytes, name: str | None) -> str:
    taken = set(connection.execute(sa.select(collection.c.name)).scalars())
    if name is not None:
        if name in taken:
            raise CollectionRootError(f"another collection is called {name!r} already; choose another name")
        return name
    plain = display_path(os.path.basename(folder)) or display_path(folder)
    names = (plain if number == 1 else f"{plain} ({number})" for number in range(1, len(taken) + 2))
    return next(each for each in names if each not in taken)


def _listed_suffixes() -> str:
    return " ".join(sorted(AUDIO_SUFFIXES))
