"""Finds the track of each file that a scan opened, also if the file moved, within its collection or from another."""

# File names are bytes; a Path holds text.
# ruff: noqa: PTH118, PTH119

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.collection.naming.file_state import FileState
from catalog.collection.roots import is_root_present
from catalog.collection.scan.scanned_file import ScannedFile, has_left_path
from catalog.db.tables import collection, track


class KnownTrack(NamedTuple):
    """A track in the database before the update."""

    id: int
    collection_id: int
    path_bytes: bytes | None
    size: int | None
    mtime_ns: int | None
    ctime_ns: int | None
    inode: int | None
    file_signature: str | None
    audio_hash: str | None
    state: str
    duration: float | None
    codec: str | None
    sample_rate: int | None
    channels: int | None
    title: str | None
    year: int | None
    track_number: int | None
    artist_id: int | None
    album_id: int | None
    external_id: str | None
    root_bytes: bytes | None
    root_inode: int | None

    @property
    def file_state(self) -> FileState:
        """The state of the file when it was last read."""
        return FileState(self.size, self.mtime_ns, self.ctime_ns, self.inode)


Content = tuple[str | None, int | None]
"""File signature and size."""


@dataclass
class TrackMatcher:
    """Finds the track of each file."""

    root: bytes
    by_path: dict[bytes, KnownTrack]
    by_content: dict[Content, list[KnownTrack]]
    """Tracks of the collection."""
    elsewhere: dict[Content, list[KnownTrack]]
    """Tracks of other collections."""
    taken: set[int] = field(default_factory=set)
    displaced: set[int] = field(default_factory=set)
    """Ids of tracks whose path another file has taken."""

    def match(self, files: Sequence[ScannedFile]) -> list[KnownTrack | None]:
        """The track of each file: the track that moved to its path, else the track at its path; None for a new file.

        Moves are matched before changes: in an album that was renumbered, every path is taken by another file.
        """
        matches: dict[int, KnownTrack] = {}

        def take(position: int, known: KnownTrack) -> None:
            matches[position] = known
            self.taken.add(known.id)

        for position, file in enumerate(files):
            at_path = self.by_path.get(file.path)
            if at_path is not None and at_path.file_signature == file.file_signature:
                take(position, at_path)
        for position, file in enumerate(files):
            if position not in matches and (moved := self._moved(file)) is not None:
                take(position, moved)
                if (at_path := self.by_path.get(file.path)) is not None:
                    self.displaced.add(at_path.id)
        self.displaced -= self.taken
        for position, file in enumerate(files):
            at_path = self.by_path.get(file.path)
            if (
                position not in matches
                and at_path is not None
                and at_path.id not in self.taken | self.displaced
            ):
                take(position, at_path)
        return [matches.get(position) for position in range(len(files))]

    def _moved(self, file: ScannedFile) -> KnownTrack | None:
        """A track with the same content that has left its path; one of the collection first."""
        content = (file.file_signature, file.state.size)
        name = os.path.basename(file.path)
        others = self.elsewhere.get(content, [])
        others = sorted(others, key=lambda known: os.path.basename(known.path_bytes or b"") != name)
        for known in (*self.by_content.get(content, []), *others):
            if known.id not in self.taken and (known.id in self.displaced or self._has_left(known, file)):
                return known
        return None

    def _has_left(self, known: KnownTrack, file: ScannedFile) -> bool:
        """Whether the file of a track may have become this one: it is not at its path any more."""
        if known.path_bytes is None or known.root_bytes is None:
            return known.root_bytes is not None
        new_path = os.path.join(self.root, file.path)
        if not has_left_path(
            known.root_bytes, known.path_bytes, known.file_state, known.file_signature, new_path
        ):
            return False
        # In a collection whose disk is not mounted no file is found; that does not mean that it moved here.
        is_same_file = (known.inode, known.mtime_ns) == (file.state.inode, file.state.mtime_ns)
        return (
            known.root_bytes == self.root
            or is_same_file
            or is_root_present(known.root_bytes, known.root_inode)
        )


def load_track_matcher(
    connection: Connection, collection_id: int, root: bytes, files: Sequence[ScannedFile]
) -> TrackMatcher:
    """The matcher for files of a collection, with the tracks at their paths and those with their content."""
    columns = [
        collection.c[name] if name.startswith("root_") else track.c[name] for name in KnownTrack._fields
    ]
    query = sa.select(*columns).join_from(track, collection).order_by(track.c.id)
    is_own = track.c.collection_id == collection_id
    at_paths = connection.execute(query.where(is_own, track.c.path_bytes.in_([file.path for file in files])))
    signatures = {file.file_signature for file in files}
    of_content = connection.execute(query.where(track.c.file_signature.in_(signatures)))
    by_path = {row.path_bytes: KnownTrack(*row) for row in at_paths}
    by_content: defaultdict[Content, list[KnownTrack]] = defaultdict(list)
    elsewhere: defaultdict[Content, list[KnownTrack]] = defaultdict(list)
    for row in of_content:
        known = KnownTrack(*row)
        place = by_content if known.collection_id == collection_id else elsewhere
        place[known.file_signature, known.size].append(known)
    movable = _movable(connection, collection_id, elsewhere)
    return TrackMatcher(root, by_path, by_content, movable)


def _movable(
    connection: Connection, collection_id: int, elsewhere: dict[Content, list[KnownTrack]]
) -> dict[Content, list[KnownTrack]]:
    """The tracks of other collections whose external ids this one does not have."""
    external = {known.external_id for group in elsewhere.values() for known in group if known.external_id}
    query = sa.select(track.c.external_id).where(
        track.c.collection_id == collection_id, track.c.external_id.in_(external)
    )
    taken = set(connection.execute(query).scalars()) if external else set()
    return {
        content: [known for known in group if known.external_id is None or known.external_id not in taken]
        for content, group in elsewhere.items()
    }
