"""Class support: the genres with enough tracks and artists to be classes, and what rarer genres count for."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from catalog.learning.dataset.hierarchy import path_to_top
from catalog.text import pluralize

MINIMUM_TRACKS = 10
MINIMUM_ARTISTS = 5
Level = Literal["leaf", "top"]


@dataclass(frozen=True, slots=True)
class LabeledTrack:
    """The first genre of a track, and keys of its artist and album; None if unknown."""

    genre_id: int
    artist: str | None
    album: str | None


@dataclass(frozen=True, slots=True)
class Support:
    """The support of one genre. The counts include the tracks of rarer terms that count for it."""

    genre_id: int
    own_tracks: int
    """Tracks tagged with this genre itself."""
    tracks: int
    artists: int
    """The number of known artists."""
    albums: int
    counts_for: int | None
    """The class that this genre's tracks count for: itself if it is a class; None without such a class."""
    judged: bool
    """Whether `counts_for` names a class."""
    reason: str | None
    """Why the genre is not a class; None for a class."""

    @property
    def is_class(self) -> bool:
        return self.counts_for == self.genre_id


@dataclass(slots=True)
class _Counts:
    tracks: int = 0
    artists: set[str] = field(default_factory=set)
    albums: set[str] = field(default_factory=set)

    def add(self, other: "_Counts") -> None:
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
    """Support by genre id, for genres with tracks and for terms that become a class with the tracks of narrower terms.

    The deepest terms come first: the tracks of a term with too few tracks or artists count for its broader term. The
    tracks of a class do not count again for the class above. At level `top` every track counts for its top term.
    `names` are used in the reasons. Raises ValueError if the broader terms form a cycle.
    """
    paths = {genre: path_to_top(genre, broader) for genre in {track.genre_id for track in tracks}}
    for path in list(paths.values()):
        paths.update({term: path[at:] for at, term in enumerate(path)})
    own: defaultdict[int, _Counts] = defaultdict(_Counts)
    for track in tracks:
        counts = own[track.genre_id]
        counts.tracks += 1
        if track.artist is not None:
            counts.artists.add(track.artist)
        if track.album is not None:
            counts.albums.add(track.album)
    total: defaultdict[int, _Counts] = defaultdict(_Counts)
    for genre, counts in own.items():
        total[genre].add(counts)
    classes: set[int] = set()
    for genre in sorted(paths, key=lambda genre: (-len(paths[genre]), genre)):
        counts, is_top = total[genre], len(paths[genre]) == 1
        enough = counts.tracks >= max(minimum_tracks, 1) and len(counts.artists) >= minimum_artists
        if enough and (is_top or level == "leaf"):
            classes.add(genre)
        elif not is_top:
            total[paths[genre][1]].add(counts)
    return {
        genre: _row(
            genre,
            own[genre].tracks if genre in own else 0,
            total[genre],
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
    counts: _Counts,
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


def _shortage(counts: _Counts, minimum_tracks: int, minimum_artists: int) -> str:
    artists = len(counts.artists)
    by = f"by {pluralize(artists, 'artist')}" if artists else "by no known artist"
    needs = []
    if counts.tracks < minimum_tracks:
        needs.append(pluralize(minimum_tracks, "track"))
    if artists < minimum_artists:
        needs.append(pluralize(minimum_artists, "artist"))
    has = f"{pluralize(counts.tracks, 'track')} {by}"
    return f"{has}; needs {' and '.join(needs)}" if needs else has


def classes_of(support: Mapping[int, Support]) -> tuple[int, ...]:
    """The genre ids that are classes, ascending."""
    return tuple(sorted(genre for genre, row in support.items() if row.is_class))


def untrainable_reason(support: Mapping[int, Support], *, tagged: int = 0, analyzed: int = 0) -> str | None:
    """Why no model can be trained; None if there are two classes or more.

    `tagged` is the number of tracks with a genre, and `analyzed` the number of those that have all vectors.
    """
    classes = classes_of(support)
    if len(classes) >= 2:
        return None
    if not support and tagged and not analyzed:
        have = "track has" if tagged == 1 else "tracks have"
        return f"{tagged:,} {have} a genre, but none of them could be analyzed; see: catalog failures list"
    if not support:
        return "all genres are excluded" if analyzed else "no track has a genre"
    if not any(row.artists for row in support.values()):
        return "no labeled track has an artist; import artists, or train without them: catalog train --min-artists 0"
    return f"{'only one' if classes else 'no'} genre has enough tracks by enough artists"
