"""Replaces the genre of an open file in its own tag format, and checks that only the genre changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO

from mutagen import MutagenError
from mutagen.aiff import AIFFFile
from mutagen.flac import FLAC
from mutagen.oggflac import OggFLAC
from mutagen.oggopus import OggOpus
from mutagen.oggspeex import OggSpeex
from mutagen.oggvorbis import OggVorbis
from mutagen.wave import _WaveFile

from catalog.collection.naming.audio_extensions import suffix_of
from catalog.collection.scan.file_tags import kind_of, read_file_tags
from catalog.genres.vocabulary import Vocabulary, genres_in
from catalog.writeback.formats.id3_file import Id3ChunkFormat, Mp3Format
from catalog.writeback.formats.id3v1_genre import id3v1_genre_number
from catalog.writeback.formats.mp4_asf import AsfFormat, Mp4Format
from catalog.writeback.formats.multi_value import values_for
from catalog.writeback.formats.tag_format import TagFormat, TagFormatError
from catalog.writeback.formats.vorbis_comments import FlacFormat, OggFormat

# Untyped in mutagen.
open_aiff: Callable[..., Any] = AIFFFile
open_wave: Callable[..., Any] = _WaveFile

FORMATS: dict[str, TagFormat] = {
    "MP3": Mp3Format(),
    "ID3FileType": Mp3Format(),
    "TrueAudio": Mp3Format(),
    "AIFF": Id3ChunkFormat(open_aiff, "ID3"),
    "WAVE": Id3ChunkFormat(open_wave, "id3"),
    "FLAC": FlacFormat(FLAC),
    "OggVorbis": OggFormat(OggVorbis),
    "OggOpus": OggFormat(OggOpus),
    "OggFLAC": OggFormat(OggFLAC),
    "OggSpeex": OggFormat(OggSpeex),
    "MP4": Mp4Format(),
    "ASF": AsfFormat(),
}
"""The formats that can be written, by the name of mutagen's reader."""


def format_of(stream: BinaryIO, name: bytes) -> TagFormat:
    """The tag format of an open file. Raises TagFormatError for formats that are only read."""
    tag_format = FORMATS.get(kind_of(stream, name) or "")
    if tag_format is None:
        suffix = suffix_of(name).lstrip(".") or "such"
        raise TagFormatError(
            f"tags of {suffix} files are not written; export the decision instead: catalog export"
        )
    return tag_format


def write_genres(stream: BinaryIO, name: bytes, names: Sequence[str], vocabulary: Vocabulary) -> None:
    """Replaces the genres by `names`, in the style of the present values.

    Raises TagFormatError if anything but the genre would change; then the file has to be thrown away.
    """
    tag_format = format_of(stream, name)
    present = read_file_tags(stream, name).genres
    with _errors_as_one("read"):
        single = tag_format.holds_one_value(stream)
    values = values_for(names, present, vocabulary, single=single)
    _replace(stream, name, tag_format, values, list(names), vocabulary)


def restore_values(stream: BinaryIO, name: bytes, values: Sequence[str], vocabulary: Vocabulary) -> None:
    """Replaces the values of the genre field by those before a write, verbatim; otherwise as `write_genres`."""
    _replace(stream, name, format_of(stream, name), values, genres_in(values, vocabulary), vocabulary)


def _replace(
    stream: BinaryIO,
    name: bytes,
    tag_format: TagFormat,
    values: Sequence[str],
    genres: list[str],
    vocabulary: Vocabulary,
) -> None:
    """Writes the values, reads them again, and compares the genres and all other tags."""
    with _errors_as_one("read"):
        before = tag_format.other_tags(stream)
    with _errors_as_one("written"):
        tag_format.write(stream, values, id3v1_genre_number(genres, vocabulary))
    with _errors_as_one("read"):
        after = tag_format.other_tags(stream)
    # Additions, such as the other frames of a new tag, come last.
    if after[: len(before)] != before:
        raise TagFormatError("its other tags would change")
    tags = read_file_tags(stream, name)
    terms = [vocabulary.resolve(genre) for genre in genres_in(tags.genres, vocabulary)]
    if terms != [vocabulary.resolve(genre) for genre in genres]:
        shown = "; ".join(tags.genres) or "none"
        raise TagFormatError(f"its genre would be read as {shown}: another tag in the file repeats it")


@contextmanager
def _errors_as_one(action: str) -> Iterator[None]:
    """Raises TagFormatError for the errors of mutagen. `action` is "read" or "written"."""
    try:
        yield
    except (MutagenError, EOFError) as error:
        raise TagFormatError(f"its tags cannot be {action}: {error}") from error
