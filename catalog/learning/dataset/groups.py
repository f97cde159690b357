"""Groups of tracks that belong together: what is connected must never be on both sides of a score."""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a track comes from. Keys are folded by the caller, "Various" and "Unknown" given as no artist."""

    artists: tuple[str, ...] = ()
    """Its artist and, where it differs and is somebody, its album artist; empty: nobody is known."""
    album: str | None = None
    folder: str | None = None
    audio_hash: bytes | None = None
    seconds: float | None = None
    """Its duration, by which near duplicates are looked for."""


@dataclass(frozen=True, eq=False)
class Groups:
    """The connected groups of n tracks."""

    number: npt.NDArray[np.int64]
    """(n,): the group of each track, 0 to groups - 1 in order of first appearance."""
    sizes: npt.NDArray[np.int64]
    """(groups,): tracks in each."""
    largest_share: float
    """Share of the tracks that are in the largest group; 0 of nothing."""
    without_artist_share: float
    """Share of the tracks whose artist is not known."""

    @property
    def largest(self) -> int:
        """Tracks in the largest group."""
        return int(self.sizes.max(initial=0))


def connected_groups(tracks: Sequence[Origin], *, alike: Iterable[tuple[int, int]] = ()) -> Groups:
    """Groups connected by an artist, by equal audio, or by `alike` (positions of near duplicates).

    A track without a known artist goes with its album, else with its folder: with the other tracks there that have
    no artist, and with those of the one artist where there is exactly one. A compilation would chain its artists
    into one group, and is not followed.
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
    """What connects the track with any other that has it."""
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
    """The albums and folders in which exactly one artist is known, with that artist."""
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
        return Groups(empty, empty, 0.0, 0.0)
    left, right = np.array(edges, dtype=np.int64).reshape(-1, 2).T
    graph = coo_array((np.ones(len(left), dtype=np.int8), (left, right)), shape=(count, count))
    _, component = connected_components(graph, directed=False)
    _, first, inverse = np.unique(component, return_index=True, return_inverse=True)
    number = np.argsort(np.argsort(first))[inverse].astype(np.int64)
    sizes = np.bincount(number).astype(np.int64)
    nobody = sum(not track.artists for track in tracks)
    return Groups(number, sizes, float(sizes.max() / count), nobody / count)
