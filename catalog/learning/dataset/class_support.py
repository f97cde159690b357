"""Support: which genres have enough tracks by enough artists to be a class, and what the rarer ones count for."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from catalog.learning.dataset.hierarchy import path_to_top

MINIMUM_TRACKS = 10
MINIMUM_ARTISTS = 5
Level = Literal["leaf", "top"]


@dataclass(frozen=True, slots=True)
class LabeledTrack:
    """What the class rule asks of a track: its first genre, and keys of its artist and album (None: nobody)."""

    genre_id: int
    artist: str | None
    album: str | None


@dataclass(frozen=True, slots=True)
class Support:
    """What stands behind one genre. The counts hold its own tracks and those of rarer terms that count for it."""

    genre_id: int
    own_tracks: int
    """Tracks tagged with this very genre."""
    tracks: int
    artists: int
    """Known ones only: a track whose artist is not known speaks for nobody."""
    albums: int
    counts_for: int | None
    """The class that this genre's tracks count for: itself where it is a class, None where there is none."""
    judged: bool
    """Whether `counts_for` names a class."""
    reason: str | None
    """In words why the genre is not a class of its own; None for a class."""

    @property
    def is_class(self) -> bool:
        return self.counts_for == self.genre_id


@dataclass(slots=True)
class _Gathered:
    tracks: int = 0
    artists: set[str] = field(default_factory=set)
    albums: set[str] = field(default_factory=set)

    def add(self, other: "_Gathered") -> None:
        self.tracks += other.tracks
        self.artists |= other.artists
        self.albums |= other.albums


def class_support(
    tracks: Sequence[LabeledTrack],
    broader: Mapping[int, int | None],
    *,
    minimum_tracks: int = MINIMUM_TRACKS,
    minimum_artists: int = MINIMUM_ARTISTS,
    level: Level = "leaf",
    names: Mapping[int, str] | None = None,
) -> dict[int, Support]:
    """Support by genre id, for every genre with tracks and every term that becomes a class by its narrower terms.

    The deepest terms are looked at first: one with too few tracks or artists hands all it gathered to its broader
    term. A class keeps its tracks: they do not count again for the class above. At level `top` every track counts
    for its top term. `names` are for the reasons. ValueError where broader terms run in a circle.
    """
    paths = {genre: path_to_top(genre, broader) for genre in {track.genre_id for track in tracks}}
    for path in list(paths.values()):
        paths.update({term: path[at:] for at, term in enumerate(path)})
    own: defaultdict[int, _Gathered] = defaultdict(_Gathered)
    for track in tracks:
        counts = own[track.genre_id]
        counts.tracks += 1
        if track.artist is not None:
            counts.artists.add(track.artist)
        if track.album is not None:
            counts.albums.add(track.album)
    gathered: defaultdict[int, _Gathered] = defaultdict(_Gathered)
    for genre, counts in own.items():
        gathered[genre].add(counts)
    classes: set[int] = set()
    for genre in sorted(paths, key=lambda genre: (-len(paths[genre]), genre)):
        counts, is_top = gathered[genre], len(paths[genre]) == 1
        enough = counts.tracks >= max(minimum_tracks, 1) and len(counts.artists) >= minimum_artists
        if enough and (is_top or level == "leaf"):
            classes.add(genre)
        elif not is_top:
            gathered[paths[genre][1]].add(counts)
    return {
        genre: _row(
            genre,
            own[genre].tracks if genre in own else 0,
            gathered[genre],
            next((term for term in paths[genre] if term in classes), None),
            (minimum_tracks, minimum_artists),
            names or {},
        )
        for genre in sorted(paths)
        if genre in own or genre in classes
    }


def _row(
    genre: int,
    own_tracks: int,
    counts: _Gathered,
    counts_for: int | None,
    least: tuple[int, int],
    names: Mapping[int, str],
) -> Support:
    reason = None
    if counts_for != genre:
        reason = _shortage(counts, *least)
        if counts_for is not None:
            reason += f"; counts for {names.get(counts_for, 'its broader term')}"
    return Support(
        genre_id=genre,
        own_tracks=own_tracks,
        tracks=counts.tracks,
        artists=len(counts.artists),
        albums=len(counts.albums),
        counts_for=counts_for,
        judged=counts_for is not None,
        reason=reason,
    )


def _shortage(counts: _Gathered, minimum_tracks: int, minimum_artists: int) -> str:
    artists = len(counts.artists)
    by = f"by {_counted(artists, 'artist')}" if artists else "by no known artist"
    needs = []
    if counts.tracks < minimum_tracks:
        needs.append(_counted(minimum_tracks, "track"))
    if artists < minimum_artists:
        needs.append(_counted(minimum_artists, "artist"))
    has = f"{_counted(counts.tracks, 'track')} {by}"
    return f"{has}; needs {' and '.join(needs)}" if needs else has


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def classes_of(support: Mapping[int, Support]) -> tuple[int, ...]:
    """The genre ids that are classes, ascending."""
    return tuple(sorted(genre for genre, row in support.items() if row.is_class))


def untrainable_reason(support: Mapping[int, Support]) -> str | None:
    """Why nothing can be learned from this, or None where there are two classes or more."""
    classes = classes_of(support)
    if len(classes) >= 2:
        return None
    if not support:
        return "no track has a genre"
    return (
        "only one genre has enough tracks by enough artists"
        if classes
        else ("no genre has enough tracks by enough artists")
    )
