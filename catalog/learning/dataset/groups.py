"""Groups of connected tracks, which must not be split between training and test folds."""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from catalog.arrays import Integers


@dataclass(frozen=True, slots=True)
class Origin:
    """The origin of a track. Keys are case-folded, and placeholders such as "Various" are no artist."""

    artists: tuple[str, ...] = ()
    """Its artist and its album artist if that differs; empty if both are unknown."""
    album: str | None = None
    folder: str | None = None
    audio_hash: bytes | None = None
    seconds: float | None = None
    """Its duration, which near duplicates share."""


@dataclass(frozen=True, eq=False)
class Groups:
    """The connected groups of n tracks."""

    number: Integers
    """(n,): the group of each track, 0 to groups - 1 in order of first appearance."""
    sizes: Integers
    """(groups,): tracks in each."""
    without_artist_share: float
    """Share of the tracks without a known artist."""

    @property
    def largest(self) -> int:
        """Tracks in the largest group."""
        return int(self.sizes.max(initial=0))


def connected_groups(tracks: Sequence[Origin], *, alike: Iterable[tuple[int, int]] = ()) -> Groups:
    """Groups connected by an artist, by equal audio, or by `alike` (positions of near duplicates).

    A track without a known artist is connected by its album, else by its folder: with the other tracks there without an
    artist, and with those of the only artist if there is exactly one. A compilation does not connect its artists.
    """
    first: dict[Hashable, int] = {}
    edges = list(alike)
    for at, track in enumerate(tracks):
        edges += [(at, first.setdefault(key, at)) for key in _keys(track)]
    edges += [
        (first[place], first["artist", artist])
        for place, artist in _one_artist_places(tracks)
        if place in first
    ]
    return _groups(tracks, edges)


def _keys(track: Origin) -> list[Hashable]:
    """The keys that connect the track with every other track that has one of them."""
    keys: list[Hashable] = [("artist", artist) for artist in track.artists]
    if track.audio_hash is not None:
        keys.append(("audio", track.audio_hash))
    if not track.artists:
        if track.album is not None:
            keys.append(("album", track.album))
        elif track.folder is not None:
            keys.append(("folder", track.folder))
    return keys


def _one_artist_places(tracks: Sequence[Origin]) -> list[tuple[Hashable, str]]:
    """The albums and folders with exactly one known artist, with that artist."""
    artists: dict[Hashable, set[str]] = {}
    for track in tracks:
        for place in (("album", track.album), ("folder", track.folder)):
            if place[1] is not None:
                artists.setdefault(place, set()).update(track.artists[:1])
    return [(place, next(iter(names))) for place, names in artists.items() if len(names) == 1]


def _groups(tracks: Sequence[Origin], edges: Sequence[tuple[int, int]]) -> Groups:
    count = len(tracks)
    if not count:
        empty = np.zeros(0, dtype=np.int64)
        return Groups(empty, empty, 0.0)
    left, right = np.array(edges, dtype=np.int64).reshape(-1, 2).T
    # Imported here: `catalog show` and other commands that only read labels do not need it.
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(left), dtype=np.int8), (left, right)), shape=(count, count))
    _, component = connected_components(graph, directed=False)
    _, first, inverse = np.unique(component, return_index=True, return_inverse=True)
    number = np.argsort(np.argsort(first))[inverse].astype(np.int64)
    sizes = np.bincount(number).astype(np.int64)
    without_artist = sum(not track.artists for track in tracks)
    return Groups(number, sizes, without_artist / count)
