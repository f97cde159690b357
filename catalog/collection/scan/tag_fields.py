"""The fields of file tags, and the keys that each kind of tag has for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from itertools import islice
from typing import Any, TypeVar

from mutagen.id3 import Encoding

from catalog.collection.naming.tag_values import number_of, text_of, year_of
from catalog.collection.scan.legacy_text import LegacyText
from catalog.genres.genre_tag import LONGEST_TEXT as LONGEST_GENRE
from catalog.genres.genre_tag import MOST_GENRES
from catalog.text import sanitize

Value = TypeVar("Value")
Values = Callable[[str], Iterable[object]]
"""The values of a key; empty if the tag lacks it."""


@dataclass(frozen=True, slots=True)
class FileTags:
    """Tags and stream properties of a file; a field that the file lacks is None."""

    title: str | None = None
    artist: str | None = None
    album_artist: str | None = None
    album: str | None = None
    year: int | None = None
    track_number: int | None = None
    genres: tuple[str, ...] = ()
    """The lines of the genre tag's values, verbatim except control characters."""
    origin: str | None = None
    """The kind of tag that the genres are from: `id3v2.3`, `id3v1`, `vorbis`, `mp4`, `ape`, `asf`, `riff`,
    `matroska`, `ffmpeg`.

    `ffmpeg` is a tag of any kind that FFmpeg read.
    """
    duration: float | None = None
    """Seconds, from the header of the file; not verified."""
    codec: str | None = None
    sample_rate: int | None = None
    channels: int | None = None
    bit_rate: int | None = None
    """Bits per second."""
    cue_tracks: int = 0
    """Tracks in the CUE sheet that the file holds."""
    warning: str | None = None
    """Why some tags could not be read, or what was guessed, in one line."""
    sources: Mapping[str, str] = field(default_factory=dict, compare=False)
    """The kind of tag that each field is from, by the field's name."""

    @property
    def is_empty(self) -> bool:
        """Whether no tag was found that says what the file is."""
        return not (self.genres or self.title or self.artist or self.album)

    @property
    def is_complete(self) -> bool:
        """Whether no other tag of the file needs to be read."""
        return bool(self.genres and self.title and self.artist and self.album)


TAG_FIELDS = ("title", "artist", "album_artist", "album", "year", "track_number", "genres")
"""The fields of `FileTags` that come from tags."""


@dataclass(frozen=True, slots=True)
class TagKeys:
    """The keys of each field in a kind of tag, in order of preference."""

    title: tuple[str, ...]
    artist: tuple[str, ...]
    album_artist: tuple[str, ...]
    album: tuple[str, ...]
    year: tuple[str, ...]
    track_number: tuple[str, ...]
    genre: tuple[str, ...]


ID3 = TagKeys(
    ("TIT2", "TT2"),
    ("TPE1", "TP1"),
    ("TPE2", "TP2"),
    ("TALB", "TAL"),
    ("TDRC", "TYER", "TYE", "TDRL", "TDOR", "TORY", "TOR"),
    ("TRCK", "TRK"),
    ("TCON", "TCO"),
)
VORBIS = TagKeys(
    ("title",),
    ("artist",),
    ("albumartist", "album artist", "album_artist"),
    ("album",),
    ("date", "year", "originaldate"),
    ("tracknumber", "track"),
    ("genre",),
)
MP4 = TagKeys(("©nam",), ("©ART",), ("aART",), ("©alb",), ("©day",), ("trkn",), ("©gen",))
APE = TagKeys(
    ("title",),
    ("artist",),
    ("album artist", "albumartist"),
    ("album",),
    ("year", "date"),
    ("track",),
    ("genre",),
)
ASF = TagKeys(
    ("Title",),
    ("Author", "WM/Artist"),
    ("WM/AlbumArtist",),
    ("WM/AlbumTitle",),
    ("WM/Year", "WM/OriginalReleaseYear"),
    ("WM/TrackNumber", "WM/Track"),
    ("WM/Genre",),
)
FFMPEG = TagKeys(
    ("title", "track/title", "song/title", "name"),
    ("artist", "track/artist", "song/artist", "author", "album/artist"),
    ("album_artist", "albumartist", "album artist", "album/artist"),
    ("album", "album/title", "wm/albumtitle"),
    ("date", "year", "date_released", "date_recorded", "recorded date", "album/date_released"),
    ("track", "track number", "tracknumber", "part_number", "track/part_number"),
    ("genre", "track/genre", "song/genre", "album/genre"),
)


def tags_from(values: Values, keys: TagKeys, origin: str) -> FileTags:
    """The fields of one tag. `origin` is the kind of tag, kept if it has genres."""
    genres = _genres(value for key in keys.genre for value in values(key))
    tags = FileTags(
        title=_first(values, keys.title, text_of),
        artist=_first(values, keys.artist, text_of),
        album_artist=_first(values, keys.album_artist, text_of),
        album=_first(values, keys.album, text_of),
        year=_first(values, keys.year, year_of),
        track_number=_first(values, keys.track_number, number_of),
        genres=genres,
        origin=origin if genres else None,
    )
    return replace(tags, sources={name: origin for name in TAG_FIELDS if getattr(tags, name)})


def merge_tags(tags: FileTags, other: FileTags) -> FileTags:
    """The tags and stream properties, with those that they lack from another tag."""
    names = (each.name for each in fields(FileTags))
    missing = {name: getattr(other, name) for name in names if getattr(tags, name) in (None, ())}
    sources = {name: other.sources[name] for name in TAG_FIELDS if missing.get(name)}
    return replace(tags, **missing | {"sources": {**tags.sources, **sources}})


def id3_values(frames: Mapping[str, Any], text: LegacyText) -> Values:
    """Reads the texts of ID3 frames. Texts that say they are Latin-1 may be in another code page."""

    def values(key: str) -> Iterable[object]:
        frame = frames.get(key)
        if frame is None:
            return []
        if frame.encoding != Encoding.LATIN1:
            return [str(value) for value in frame.text]
        return [text.decode(str(value).encode("latin-1", "replace")) for value in frame.text]

    return values


def mp4_values(tags: Mapping[str, Any]) -> Values:
    """Reads MP4 items, of pairs such as the track number the first part."""
    return lambda key: [item[0] if isinstance(item, tuple) else item for item in tags.get(key, [])]


def asf_values(tags: Mapping[str, Any]) -> Values:
    """Reads ASF attributes."""
    return lambda key: [attribute.value for attribute in tags.get(key, [])]


def _first(values: Values, keys: Iterable[str], read: Callable[[object], Value | None]) -> Value | None:
    found = (read(value) for key in keys for value in values(key))
    return next((value for value in found if value is not None), None)


def _genres(values: Iterable[object]) -> tuple[str, ...]:
    """The distinct values; a value of several lines, or with NUL, counts as several."""
    lines = (
        sanitize(line)
        for value in islice(values, MOST_GENRES)
        for line in str(value)[:LONGEST_GENRE].replace("\0", "\n").splitlines()
    )
    return tuple(islice(dict.fromkeys(line for line in lines if line), MOST_GENRES))
