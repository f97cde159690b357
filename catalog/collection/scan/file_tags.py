"""Reading of tags and stream properties of audio files, which are not trusted."""

from __future__ import annotations

import contextlib
import math
import os
from dataclasses import replace
from functools import cache
from importlib import import_module
from typing import Any, BinaryIO

from mutagen import MutagenError
from mutagen.mp3 import HeaderNotFoundError

from catalog.collection.naming.audio_extensions import suffix_of
from catalog.collection.scan.ape_tag import read_ape_tag
from catalog.collection.scan.asf_tag import read_asf_tag
from catalog.collection.scan.chunk_tags import read_chunk_tags
from catalog.collection.scan.cue_sheet import embedded_tracks
from catalog.collection.scan.id3 import VERBATIM_OPTIONS, read_id3v1, read_leading_id3, require_few_frames
from catalog.collection.scan.legacy_text import LegacyText
from catalog.collection.scan.matroska_tag import read_matroska_tag
from catalog.collection.scan.tag_fields import (
    ASF,
    FFMPEG,
    ID3,
    MP4,
    VORBIS,
    FileTags,
    asf_values,
    id3_values,
    merge_tags,
    mp4_values,
    tags_from,
)
from catalog.errors import CatalogError
from catalog.text import sanitize

TAG_READER = 3
"""Version of this reader. A higher one makes the next scan read the tags of all files again."""
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

_ID3_READERS = frozenset({"AIFF", "DSDIFF", "DSF", "ID3FileType", "MP3", "TrueAudio", "WAVE"})
_APE_READERS = frozenset({"APEv2File", "MonkeysAudio", "Musepack", "TAK", "WavPack"})
"""Readers whose tags `read_ape_tag` reads, because one bad item makes mutagen drop all."""
_ASK_FFMPEG = frozenset({"DSDIFF", "MP4"})
"""Readers that do not know all kinds of tags of their format."""


class TagReadLimitError(CatalogError):
    """The tags need more reading than MAX_BYTES or MAX_READS."""


class UnknownFormatError(CatalogError):
    """Neither mutagen nor FFmpeg knows the format of the file."""


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


def read_file_tags(stream: BinaryIO, name: bytes, encoding: str | None = None) -> FileTags:
    """Tags and stream properties of an open file. Errors in the file are reported in `warning` and never raised.

    `encoding` is that of texts which say that they are Latin-1, or say nothing; without it, the encoding is guessed if
    they cannot be Latin-1, and a guess is reported in `warning`. Fields that the main tag lacks come from other tags.
    """
    text = LegacyText(encoding)
    tags = _read(_LimitedFile(stream, f"file{suffix_of(name)}"), text)
    guess = text.guess() if encoding is None else None
    if guess is None:
        return tags
    tags = _read(_LimitedFile(stream, f"file{suffix_of(name)}"), LegacyText(guess))
    if guess == "utf-8":
        return tags
    note = f"tags are read as {guess}, not Latin-1; if that is wrong, name the encoding: scan --tag-encoding NAME"
    return replace(tags, warning="; ".join(filter(None, (tags.warning, note))))


def kind_of(stream: BinaryIO, name: bytes) -> str | None:
    """The reader of mutagen that fits an open file best, such as `FLAC` or `OggOpus`; None if none fits."""
    readers = _ranked_readers(_LimitedFile(stream, f"file{suffix_of(name)}"))
    return str(readers[0][0].__name__) if readers else None


def _read(file: Any, text: LegacyText) -> FileTags:
    tags, reader, error = _read_main_tag(file, text)
    for read in (_read_leading_id3, read_ape_tag, read_chunk_tags, _read_container_tag, _read_id3v1):
        if not tags.is_complete:
            # A warning is about the main tag.
            with contextlib.suppress(Exception):
                tags = _add_other_tag(tags, read(file, text))
    if error is not None or reader is None or (tags.is_empty and reader in _ASK_FFMPEG):
        try:
            tags = merge_tags(tags, _read_by_ffmpeg(file, text))
            if isinstance(error, HeaderNotFoundError) and tags.duration is not None:
                error = None  # The ID3 tag was read; the stream is of another format.
        except Exception:  # noqa: BLE001 - a malicious file may raise anything
            if reader is None:
                error = UnknownFormatError("the format is unknown")
    warning = None if error is None else f"some tags cannot be read: {_reason(error)}"
    return replace(tags, warning=warning)


def _add_other_tag(tags: FileTags, other: FileTags) -> FileTags:
    if other.genres == ("0",) and not tags.is_empty:
        # In ID3v1, number 0 is Blues, but also the value of a genre that was never set.
        other = replace(other, genres=(), origin=None)
    return merge_tags(tags, other)


def _read_main_tag(file: Any, text: LegacyText) -> tuple[FileTags, str | None, Exception | None]:
    """The tag of the best reader that can read the file, the name of the best one, and why that failed.

    A reader that finds a valid stream makes up for the failure of a better one: the name or an ID3 tag may mislead.
    """
    failure: Exception | None = None
    name = None
    for reader, codec in _ranked_readers(file):
        name = name or str(reader.__name__)
        try:
            tags = _read_by(reader, codec, file, text)
        except Exception as error:  # noqa: BLE001 - a malicious file may raise anything in a parser
            failure = failure or error
            continue
        if failure is None or tags.duration is not None:
            return tags, name, None
    return FileTags(), name, failure


def _read_by(reader: Any, codec: str | None, file: Any, text: LegacyText) -> FileTags:
    require_few_frames(file)
    file.seek(0)
    name = reader.__name__
    content = reader(file, **(VERBATIM_OPTIONS if name in _ID3_READERS else {}))
    tags = read_ape_tag(file, text) if name in _APE_READERS else _tags(name, content.tags, text)
    tags = replace(_with_stream_properties(tags, content.info, codec), cue_tracks=embedded_tracks(content))
    if tags.codec == "pcm" and tags.duration is not None and tags.bit_rate is not None:
        # The size in the header of a stream that was saved is a placeholder.
        tags = replace(tags, duration=min(tags.duration, file.seek(0, os.SEEK_END) * 8 / tags.bit_rate))
    with contextlib.suppress(Exception):
        if "\ufffd" in str(tags):
            # mutagen drops the bytes of a Vorbis comment that are not UTF-8.
            return merge_tags(_with_stream_properties(_read_by_ffmpeg(file, text), content.info, codec), tags)
        if getattr(content.tags, "_failed_atoms", None):
            return merge_tags(tags, _read_by_ffmpeg(file, text))
    return tags


def _read_by_ffmpeg(file: Any, text: LegacyText) -> FileTags:
    # Imported here, because most scans do not need FFmpeg.
    from catalog.audio.decoding.container_metadata import container_metadata

    found = container_metadata(file)
    values = {key: text.decode_utf8(value) for key, value in found.metadata.items()}
    tags = tags_from(lambda key: [values[key]] if key in values else [], FFMPEG, "ffmpeg")
    codec = found.codec or ""
    return replace(
        tags,
        duration=found.duration,
        codec="pcm"
        if codec.startswith("pcm_")
        else {"wmav1": "wma", "wmav2": "wma"}.get(codec, codec) or None,
        sample_rate=found.sample_rate,
        channels=found.channels,
        bit_rate=found.bit_rate,
    )


def _ranked_readers(file: Any) -> list[tuple[Any, str | None]]:
    """The readers that may fit the file's first bytes and name, best first, each with its codec."""
    file.seek(0)
    header = file.read(128)
    if not header:
        return []
    scored = [
        (reader.score(file.name, file, header), reader.__name__, reader, codec)
        for reader, codec in _readers()
    ]
    ranked = sorted(scored, key=lambda entry: entry[:2], reverse=True)
    return [(reader, codec) for score, _, reader, codec in ranked if score > 0]


@cache
def _readers() -> tuple[tuple[Any, str | None], ...]:
    readers = []
    for path, codec in _CODECS.items():
        module, _, name = path.partition(".")
        readers.append((getattr(import_module(f"mutagen.{module}"), name), codec))
    return tuple(readers)


def _tags(reader: str, tags: Any, text: LegacyText) -> FileTags:
    if tags is None:
        return FileTags()
    if reader in _ID3_READERS:
        major, minor = tags.version[:2] if len(tags.version) > 1 else (2, 4)
        return tags_from(id3_values(tags, text), ID3, f"id3v{major}.{minor}")
    if reader == "MP4":
        return tags_from(mp4_values(tags), MP4, "mp4")
    if reader == "ASF":
        return tags_from(asf_values(tags), ASF, "asf")
    return tags_from(lambda key: tags.get(key, []), VORBIS, "vorbis")


def _read_leading_id3(file: Any, text: LegacyText) -> FileTags:
    """The ID3v2 tags at the start of a file of any format."""
    tags = FileTags()
    for tag in read_leading_id3(file):
        tags = merge_tags(tags, _tags("MP3", tag, text))
    return tags


def _read_container_tag(file: Any, _text: LegacyText) -> FileTags:
    return merge_tags(read_asf_tag(file), read_matroska_tag(file))


def _read_id3v1(file: Any, text: LegacyText) -> FileTags:
    return tags_from(id3_values(read_id3v1(file), text), ID3, "id3v1")


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
    if isinstance(error, (MutagenError, CatalogError)) and str(error):
        return sanitize(str(error))[:120]
    return "a value is invalid"
