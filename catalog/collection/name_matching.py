"""Finds tracks by the names in a list: paths, ids of a data set, and paths of another machine."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.batches import chunks
from catalog.collection.naming.paths import display_path
from catalog.collection.path_matching import find_paths
from catalog.collection.path_suffixes import find_by_suffix, move
from catalog.collection.roots import collection_id_of, known_roots
from catalog.db.tables import track

EVIDENCE = 100
"""Names without a match after which an import reports why."""

# `000/000002.mp3` in the archive's folders, or `000002.mp3`; other numbers are track numbers.
_FMA_FILE = re.compile(r"(?:.*[/\\])?(?:(?P<folder>\d{3})[/\\](?P=folder)\d{3}|0\d{5})(?:\.\w+)?")

Matches = dict[str, set[int]]
"""Track ids by name; several ids mean that the name is ambiguous."""


@dataclass
class NameMatcher:
    """Finds tracks by names, in one collection or in all."""

    connection: Connection
    folder: bytes
    """The folder of the list, to which its paths are relative first."""
    collection_name: str | None = None
    moved_roots: Mapping[str, str] = field(default_factory=dict)
    """Folders on this machine by the folders that the list names instead."""
    by_suffix: set[str] = field(default_factory=set)
    """Names that only the end of a path matched."""

    def __post_init__(self) -> None:
        """Reads the collections. Raises CollectionRootError if the collection does not exist."""
        roots = known_roots(self.connection)
        self.collection_id = (
            None if self.collection_name is None else collection_id_of(self.connection, self.collection_name)
        )
        self.roots = [root for root in roots if self.collection_id in (None, root.id)]

    def find(self, names: Iterable[str]) -> Matches:
        """The tracks of each name that has any: by path, by external id, by the end of the path, by FMA's file name."""
        names = set(names)
        moved = {name: move(name, self.moved_roots) for name in names}
        by_path = find_paths(self.connection, self.roots, self.folder, set(moved.values()))
        matches = {name: by_path[path] for name, path in moved.items() if path in by_path}
        matches |= self.find_external(names - matches.keys())
        ends = find_by_suffix(self.connection, self.roots, names - matches.keys())
        self.by_suffix |= ends.keys()
        matches |= ends
        numbers = {name: number for name in names - matches.keys() if (number := fma_number(name))}
        by_number = self.find_external(numbers.values())
        return matches | {name: by_number[number] for name, number in numbers.items() if number in by_number}

    def find_external(self, external_ids: Iterable[str]) -> Matches:
        """The tracks of each external id that has any."""
        query = sa.select(track.c.external_id, track.c.id)
        if self.collection_id is not None:
            query = query.where(track.c.collection_id == self.collection_id)
        matches: Matches = {}
        for ids in chunks(sorted(set(external_ids))):
            for external_id, track_id in self.connection.execute(query.where(track.c.external_id.in_(ids))):
                matches.setdefault(str(external_id), set()).add(track_id)
        return matches

    def has_tracks(self) -> bool:
        """Whether there is any track."""
        return self._first_track() is not None

    def describe_catalog(self) -> str:
        """Which names would match, by the example of the first track."""
        row = self._first_track()
        if row is None:
            return "the collection has no tracks"
        place = f" in {display_path(self.roots[0].path)}" if self.roots and row.path else ""
        return f"the catalog has tracks such as {row.path or row.external_id!r}{place}"

    def _first_track(self) -> sa.Row[Any, Any] | None:
        query = sa.select(track.c.path, track.c.external_id).order_by(track.c.id).limit(1)
        if self.collection_id is not None:
            query = query.where(track.c.collection_id == self.collection_id)
        return self.connection.execute(query).one_or_none()


def fma_number(name: str) -> str | None:
    """The id of the Free Music Archive's track in the name of its file; None for other names."""
    match = _FMA_FILE.fullmatch(name.strip())
    if match is None:
        return None
    digits = re.sub(r"\.\w+$", "", name.strip())[-6:]
    return str(int(digits))
