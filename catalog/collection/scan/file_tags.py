"""Reading of tags and stream properties of audio files, which are not trusted."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from importlib import import_module
from typing import Any, BinaryIO

from mutagen import MutagenError, id3
from mutagen.apev2 import APENoHeaderError, APEv2

from catalog.collection.naming.audio_extensions import suffix_of
from catalog.collection.scan.id3 import VERBATIM_OPTIONS, TooManyFramesError, read_id3v1, require_few_frames
from catalog.collection.scan.tag_fields import (
    APE,
    ASF,
    ID3,
    MP4,
    VORBIS,
    FileTags,
    ape_values,
    asf_values,
    id3_values,
    merge_tags,
    mp4_values,
    tags_from,
)
from catalog.errors import CatalogError
from catalog.text import sanitize

MAX_BYTES = 64 * 2**20
MAX_READS = 100_000
"""Limits of reading one file; only malicious tags exceed them."""

_CODECS = {
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
"""The readers of mutagen, with the codec that each reads."""

# Untyped in mutagen.
open_ape: Callable[..., Any] = APEv2
open_id3: Callable[..., Any] = id3.ID3

_ID3_READERS = frozenset({"AIFF", "DSDIFF", "DSF", "ID3FileType", "MP3", "TrueAudio", "WAVE"})
_APE_READERS = frozenset({"APEv2File", "MonkeysAudio", "Musepack", "TAK", "WavPack"})


class TagReadLimitError(CatalogError):
    """The tags need more reading than MAX_BYTES or MAX_READS."""


class _LimitedFile:
    """An open file that limits the number of reads and bytes."""

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self._stream = stream
        self.name = name
        self.seek = stream.seek
        self.tell = stream.tell
        self._bytes = MAX_BYTES
        self._reads = MAX_READS

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(min(size, self._bytes + 1) if size >= 0 else self._bytes + 1)
        self._bytes -= len(data)
        self._reads -= 1
        if self._bytes < 0 or self._reads < 0:
            raise TagReadLimitError("the tags are too large to be read")
        return data


def read_file_tags(stream: BinaryIO, name: bytes) -> FileTags:
    """Tags and stream properties of an open file. Errors in the file are reported in `warning` and never raised."""
    file = _LimitedFile(stream, f"file{suffix_of(name)}")
    try:
        return _read(file)
    except Exception as error:  # noqa: BLE001 - a malicious file may raise anything in a parser
        salvaged = FileTags()
        # The warning is about the first error.
        with contextlib.suppress(Exception):
            salvaged = _read_without_stream(file)
        return replace(salvaged, warning=f"some tags cannot be read: {_reason(error)}")


def kind_of(stream: BinaryIO, name: bytes) -> str | None:
    """The reader of mutagen that fits an open file best, such as `FLAC` or `OggOpus`; None if none fits."""
    reader, _ = _reader(_LimitedFile(stream, f"file{suffix_of(name)}"))
    return None if reader is None else str(reader.__name__)


def _read(file: Any) -> FileTags:
    require_few_frames(file)
    reader, codec = _reader(file)
    if reader is None:
        return FileTags()
    file.seek(0)
    name = reader.__name__
    content = reader(file, **(VERBATIM_OPTIONS if name in _ID3_READERS else {}))
    tags = _tags(name, content.tags)
    if name in {"MP3", "ID3FileType"}:
        tags = _add_other_tags(tags, file)
    return _with_stream_properties(tags, content.info, codec)


def _read_without_stream(file: Any) -> FileTags:
    """The ID3 or APE tag of a file whose audio stream cannot be read."""
    require_few_frames(file)
    return _add_other_tags(FileTags(), file)


def _reader(file: Any) -> tuple[Any, str | None]:
    """The reader with the highest score for the file's first bytes and name, and its codec."""
    file.seek(0)
    header = file.read(128)
    scored = [
        (reader.score(file.name, file, header), reader.__name__, reader, codec)
        for reader, codec in _readers()
    ]
    score, _, reader, codec = max(scored, key=lambda entry: entry[:2])
    return (reader, codec) if score > 0 and header else (None, None)


@cache
def _readers() -> tuple[tuple[Any, str | None], ...]:
    readers = []
    for path, codec in _CODECS.items():
        module, _, name = path.partition(".")
        readers.append((getattr(import_module(f"mutagen.{module}"), name), codec))
    return tuple(readers)


def _tags(reader: str, tags: Any) -> FileTags:
    if tags is None:
        return FileTags()
    if reader in _ID3_READERS:
        major, minor = tags.version[:2] if len(tags.version) > 1 else (2, 4)
        return tags_from(id3_values(tags), ID3, f"id3v{major}.{minor}")
    if reader == "MP4":
        return tags_from(mp4_values(tags), MP4, "mp4")
    if reader == "ASF":
        return tags_from(asf_values(tags), ASF, "asf")
    if reader in _APE_READERS:
        return tags_from(ape_values(tags), APE, "ape")
    return tags_from(lambda key: tags.get(key, []), VORBIS, "vorbis")


def _add_other_tags(tags: FileTags, file: Any) -> FileTags:
    """Fills fields that ID3v2 lacks from an APE tag or ID3v1 at the end of the file."""
    had_tags = tags != FileTags()
    if not had_tags:
        file.seek(0)
        with contextlib.suppress(id3.ID3NoHeaderError, id3.ID3UnsupportedVersionError):
            tags = _tags("MP3", open_id3(file, **VERBATIM_OPTIONS))
            had_tags = tags != FileTags()
    if tags.genres and tags.title and tags.artist and tags.album:
        return tags
    file.seek(0)
    with contextlib.suppress(APENoHeaderError):
        tags = merge_tags(tags, tags_from(ape_values(open_ape(file)), APE, "ape"))
    frames = read_id3v1(file)
    if had_tags and "TCON" in frames and str(frames["TCON"].text[0]) == "0":
        # Number 0 is Blues, but also the value of a genre that was never set.
        del frames["TCON"]
    return merge_tags(tags, tags_from(id3_values(frames), ID3, "id3v1"))


def _with_stream_properties(tags: FileTags, info: Any, codec: str | None) -> FileTags:
    length = getattr(info, "length", None)
    is_valid = isinstance(length, (int, float)) and math.isfinite(length) and 0 < length < 1e7
    return replace(
        tags,
        duration=float(length) if is_valid and length is not None else None,
        codec=_codec(info, codec),
        sample_rate=_count(info, "sample_rate"),
        channels=_count(info, "channels"),
        bit_rate=_count(info, "bitrate"),
    )


def _codec(info: Any, codec: str | None) -> str | None:
    if codec == "mp3":
        return f"mp{getattr(info, 'layer', 3) or 3}"
    name = str(getattr(info, "codec", "") or "")
    return {"alac": "alac", "ac-3": "ac3", "ec-3": "eac3"}.get(name, codec)


def _count(info: Any, name: str) -> int | None:
    value = getattr(info, name, None)
    return int(value) if isinstance(value, (int, float)) and 0 < value < 2**31 else None


def _reason(error: Exception) -> str:
    if isinstance(error, (MutagenError, TooManyFramesError, TagReadLimitError)) and str(error):
        return sanitize(str(error))[:120]
    return f"{type(error).__name__}"
