"""What a file says of itself: its tags and the facts of its stream, read without trust and without a change."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from itertools import islice
from typing import Any, BinaryIO, TypeVar

from mutagen import MutagenError
from mutagen.apev2 import APENoHeaderError, APEv2
from mutagen.id3 import ID3, ID3NoHeaderError, ID3UnsupportedVersionError

from catalog.collection.naming.audio_extensions import suffix_of
from catalog.collection.naming.tag_values import number_of, text_of, year_of
from catalog.collection.scan.id3 import AS_WRITTEN, TooManyFramesError, read_id3v1, require_few_frames
from catalog.errors import CatalogError
from catalog.genres.genre_tag import LONGEST_TEXT as LONGEST_GENRE
from catalog.genres.genre_tag import MOST_GENRES
from catalog.text import sanitize

MOST_BYTES = 64 * 2**20
MOST_READS = 100_000
"""What one file may cost: beyond that its tags are made to be slow."""

_KINDS = {
    "aac.AAC": "aac",
    "ac3.AC3": "ac3",
    "aiff.AIFF": "pcm",
    "apev2.APEv2File": None,
    "asf.ASF": "wma",
    "dsdiff.DSDIFF": "dsd",
    "dsf.DSF": "dsd",
    "flac.FLAC": "flac",
    "id3.ID3FileType": None,
    "monkeysaudio.MonkeysAudio": "ape",
    "mp3.MP3": "mp3",
    "mp4.MP4": "aac",
    "musepack.Musepack": "musepack",
    "oggflac.OggFLAC": "flac",
    "oggopus.OggOpus": "opus",
    "oggspeex.OggSpeex": "speex",
    "oggvorbis.OggVorbis": "vorbis",
    "tak.TAK": "tak",
    "trueaudio.TrueAudio": "tta",
    "wave.WAVE": "pcm",
    "wavpack.WavPack": "wavpack",
}
"""mutagen's readers, and the codec of what they read."""

# Untyped in mutagen.
open_ape: Callable[..., Any] = APEv2
open_id3: Callable[..., Any] = ID3

_ID3_READERS = frozenset({"AIFF", "DSDIFF", "DSF", "ID3FileType", "MP3", "TrueAudio", "WAVE"})


@dataclass(frozen=True, slots=True)
class FileTags:
    """Tags and stream facts; what the file does not say is None."""

    title: str | None = None
    artist: str | None = None
    album_artist: str | None = None
    album: str | None = None
    year: int | None = None
    track_number: int | None = None
    genres: tuple[str, ...] = ()
    """The values of the genre tag, verbatim but for control characters."""
    origin: str | None = None
    """The kind of tag that the genres are from: `id3v2.3`, `id3v1`, `vorbis`, `mp4`, `ape`, `asf`."""
    duration: float | None = None
    """Seconds, as the file claims; a lying header is believed here."""
    codec: str | None = None
    sample_rate: int | None = None
    channels: int | None = None
    bit_rate: int | None = None
    """Bits a second."""
    warning: str | None = None
    """Why not all could be read, in one line."""


class TagReadLimitError(CatalogError):
    """The tags ask for more reading than any honest file."""


class _Metered:
    """An open file that ends the reading of tags made to be slow."""

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self._stream = stream
        self.name = name
        self.seek = stream.seek
        self.tell = stream.tell
        self._bytes = MOST_BYTES
        self._reads = MOST_READS

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(min(size, self._bytes + 1) if size >= 0 else self._bytes + 1)
        self._bytes -= len(data)
        self._reads -= 1
        if self._bytes < 0 or self._reads < 0:
            raise TagReadLimitError("the tags are too large to be read")
        return data


def read_file_tags(stream: BinaryIO, name: bytes) -> FileTags:
    """Tags and stream facts of an open file. Never raises for what a file holds: then `warning` says what is wrong."""
    metered = _Metered(stream, f"file{suffix_of(name)}")
    try:
        return _read(metered)
    except Exception as error:  # noqa: BLE001 - a hostile file may raise anything in a parser
        salvaged = FileTags()
        # What is said below is said of the first error.
        with contextlib.suppress(Exception):
            salvaged = _read_bare_tags(metered)
        return replace(salvaged, warning=f"tags cannot be read whole: {_reason(error)}")


def kind_of(stream: BinaryIO, name: bytes) -> str | None:
    """The reader of mutagen that knows best what an open file is, as `FLAC` or `OggOpus`; None where none does."""
    kind, _ = _kind(_Metered(stream, f"file{suffix_of(name)}"))
    return None if kind is None else str(kind.__name__)


def _read(stream: Any) -> FileTags:
    require_few_frames(stream)
    kind, codec = _kind(stream)
    if kind is None:
        return FileTags()
    stream.seek(0)
    name = kind.__name__
    read = kind(stream, **(AS_WRITTEN if name in _ID3_READERS else {}))
    tags = _tags(name, read.tags)
    if name in {"MP3", "ID3FileType"}:
        tags = _completed(tags, stream)
    return _with_facts(tags, read.info, codec)


def _read_bare_tags(stream: Any) -> FileTags:
    """The ID3 or APE tag of a file whose stream makes no sense."""
    require_few_frames(stream)
    return _completed(FileTags(), stream)


def _kind(stream: Any) -> tuple[Any, str | None]:
    """The reader that knows best what the file is, by its first bytes and its name."""
    stream.seek(0)
    header = stream.read(128)
    scored = [
        (kind.score(stream.name, stream, header), kind.__name__, kind, codec) for kind, codec in _kinds()
    ]
    score, _, kind, codec = max(scored, key=lambda each: each[:2])
    return (kind, codec) if score > 0 and header else (None, None)


@cache
def _kinds() -> tuple[tuple[Any, str | None], ...]:
    found = []
    for place, codec in _KINDS.items():
        module, _, name = place.partition(".")
        found.append((getattr(import_module(f"mutagen.{module}"), name), codec))
    return tuple(found)


def _tags(kind: str, tags: Any) -> FileTags:
    if tags is None:
        return FileTags()
    if kind in _ID3_READERS:
        major, minor = tags.version[:2] if len(tags.version) > 1 else (2, 4)
        return _named(_id3_values(tags), _ID3, f"id3v{major}.{minor}")
    if kind == "MP4":
        return _named(_mp4_values(tags), _MP4, "mp4")
    if kind == "ASF":
        return _named(lambda key: [value.value for value in tags.get(key, [])], _ASF, "asf")
    if kind in {"APEv2File", "MonkeysAudio", "Musepack", "TAK", "WavPack"}:
        return _named(_ape_values(tags), _APE, "ape")
    return _named(lambda key: tags.get(key, []), _VORBIS, "vorbis")


def _completed(tags: FileTags, stream: Any) -> FileTags:
    """What ID3v2 does not say, an APE tag or ID3v1 at the end of the file may."""
    had_tags = tags != FileTags()
    if not had_tags:
        stream.seek(0)
        with contextlib.suppress(ID3NoHeaderError, ID3UnsupportedVersionError):
            tags = _tags("MP3", open_id3(stream, **AS_WRITTEN))
            had_tags = tags != FileTags()
    if tags.genres and tags.title and tags.artist and tags.album:
        return tags
    stream.seek(0)
    with contextlib.suppress(APENoHeaderError):
        tags = _filled(tags, _named(_ape_values(open_ape(stream)), _APE, "ape"))
    frames = read_id3v1(stream)
    if had_tags and "TCON" in frames and str(frames["TCON"].text[0]) == "0":
        # Zero is Blues, and also what writes a genre that was never set.
        del frames["TCON"]
    return _filled(tags, _named(_id3_values(frames), _ID3, "id3v1"))


def _filled(tags: FileTags, other: FileTags) -> FileTags:
    genres = tags if tags.genres else other
    return FileTags(
        title=tags.title or other.title,
        artist=tags.artist or other.artist,
        album_artist=tags.album_artist or other.album_artist,
        album=tags.album or other.album,
        year=tags.year or other.year,
        track_number=tags.track_number or other.track_number,
        genres=genres.genres,
        origin=genres.origin,
    )


Found = TypeVar("Found")
Values = Callable[[str], Iterable[object]]


@dataclass(frozen=True, slots=True)
class _Keys:
    """Under which keys a kind of tag keeps what; the first that says something counts."""

    title: tuple[str, ...]
    artist: tuple[str, ...]
    album_artist: tuple[str, ...]
    album: tuple[str, ...]
    year: tuple[str, ...]
    track_number: tuple[str, ...]
    genre: tuple[str, ...]


_ID3 = _Keys(
    ("TIT2", "TT2"),
    ("TPE1", "TP1"),
    ("TPE2", "TP2"),
    ("TALB", "TAL"),
    ("TDRC", "TYER", "TYE", "TDRL", "TDOR", "TORY", "TOR"),
    ("TRCK", "TRK"),
    ("TCON", "TCO"),
)
_VORBIS = _Keys(
    ("title",),
    ("artist",),
    ("albumartist", "album artist", "album_artist"),
    ("album",),
    ("date", "year", "originaldate"),
    ("tracknumber", "track"),
    ("genre",),
)
_MP4 = _Keys(("©nam",), ("©ART",), ("aART",), ("©alb",), ("©day",), ("trkn",), ("©gen",))
_APE = _Keys(
    ("title",),
    ("artist",),
    ("album artist", "albumartist"),
    ("album",),
    ("year", "date"),
    ("track",),
    ("genre",),
)
_ASF = _Keys(
    ("Title",),
    ("Author", "WM/Artist"),
    ("WM/AlbumArtist",),
    ("WM/AlbumTitle",),
    ("WM/Year", "WM/OriginalReleaseYear"),
    ("WM/TrackNumber", "WM/Track"),
    ("WM/Genre",),
)


def _named(values: Values, keys: _Keys, origin: str) -> FileTags:
    genres = _genres(value for key in keys.genre for value in values(key))
    return FileTags(
        title=_first(values, keys.title, text_of),
        artist=_first(values, keys.artist, text_of),
        album_artist=_first(values, keys.album_artist, text_of),
        album=_first(values, keys.album, text_of),
        year=_first(values, keys.year, year_of),
        track_number=_first(values, keys.track_number, number_of),
        genres=genres,
        origin=origin if genres else None,
    )


def _first(values: Values, keys: Iterable[str], read: Callable[[object], Found | None]) -> Found | None:
    found = (read(value) for key in keys for value in values(key))
    return next((each for each in found if each is not None), None)


def _genres(values: Iterable[object]) -> tuple[str, ...]:
    texts = (sanitize(str(value)[:LONGEST_GENRE]) for value in islice(values, MOST_GENRES))
    return tuple(dict.fromkeys(text for text in texts if text))


def _id3_values(frames: Mapping[str, Any]) -> Values:
    def values(key: str) -> Iterable[object]:
        frame = frames.get(key)
        return [] if frame is None else [str(text) for text in frame.text]

    return values


def _mp4_values(tags: Any) -> Values:
    def values(key: str) -> Iterable[object]:
        found = tags.get(key, [])
        return [each[0] if isinstance(each, tuple) else each for each in found]

    return values


def _ape_values(tags: Any) -> Values:
    def values(key: str) -> Iterable[object]:
        value = tags.get(key) if tags is not None else None
        return list(value) if value is not None and getattr(value, "kind", None) == 0 else []

    return values


def _with_facts(tags: FileTags, info: Any, codec: str | None) -> FileTags:
    length = getattr(info, "length", None)
    known = isinstance(length, (int, float)) and math.isfinite(length) and 0 < length < 1e7
    return replace(
        tags,
        duration=float(length) if known and length is not None else None,
        codec=_codec(info, codec),
        sample_rate=_count(info, "sample_rate"),
        channels=_count(info, "channels"),
        bit_rate=_count(info, "bitrate"),
    )


def _codec(info: Any, codec: str | None) -> str | None:
    if codec == "mp3":
        return f"mp{getattr(info, 'layer', 3) or 3}"
    named = str(getattr(info, "codec", "") or "")
    return {"alac": "alac", "ac-3": "ac3", "ec-3": "eac3"}.get(named, codec)


def _count(info: Any, name: str) -> int | None:
    value = getattr(info, name, None)
    return int(value) if isinstance(value, (int, float)) and 0 < value < 2**31 else None


def _reason(error: Exception) -> str:
    if isinstance(error, (MutagenError, TooManyFramesError, TagReadLimitError)) and str(error):
        return sanitize(str(error))[:120]
    return f"{type(error).__name__}"
