"""Replaces the genre of an open file in its own tag format, and checks that only the genre changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import BinaryIO

from mutagen.flac import FLAC
from mutagen.oggflac import OggFLAC
from mutagen.oggopus import OggOpus
from mutagen.oggspeex import OggSpeex
from mutagen.oggvorbis import OggVorbis

from catalog.collection.naming.audio_extensions import suffix_of
from catalog.collection.scan.file_tags import kind_of, read_file_tags
from catalog.collection.scan.tag_fields import FileTags
from catalog.genres.genre_tag import split_genres
from catalog.genres.seeds import seeds
from catalog.genres.vocabulary import Vocabulary, genres_in
from catalog.text import sanitize
from catalog.writeback.formats.apev2 import ApeFormat
from catalog.writeback.formats.asf import AsfFormat
from catalog.writeback.formats.chunk_texts import (
    InfoFormat,
    TextChunkFormat,
    aiff_texts,
    dsdiff_texts,
    open_aiff,
    open_dsdiff,
    open_wave,
)
from catalog.writeback.formats.combined_format import CombinedFormat, WaveFormat
from catalog.writeback.formats.id3_containers import DsfFormat, Id3ChunkFormat, Id3v1Format, Id3v2Format
from catalog.writeback.formats.id3v2 import HEADER, tag_size
from catalog.writeback.formats.mp4 import Mp4Format, QuickTimeTextFormat
from catalog.writeback.formats.tag_format import Id3v1Genre, TagFormat, TagFormatError, tag_error
from catalog.writeback.formats.vorbis_comments import FlacFormat, OggFormat

DEFAULT_SEPARATOR = "; "
"""Every program splits at it, and no genre name in a file contains it."""
_DESCRIBING_FIELDS = ("title", "artist", "album_artist", "album", "year", "track_number")
_SEPARATORS = frozenset(";/\\|,")

_AT_THE_ENDS: tuple[TagFormat, ...] = (Id3v2Format(), ApeFormat(), Id3v1Format())
"""Tags that programs add to the start and the end of a file of any format."""


def _ape_first() -> CombinedFormat:
    return CombinedFormat(ApeFormat(), Id3v2Format(), Id3v1Format())


FORMATS: dict[str, CombinedFormat] = {
    "MP3": CombinedFormat(*_AT_THE_ENDS),
    "ID3FileType": CombinedFormat(*_AT_THE_ENDS),
    "TrueAudio": CombinedFormat(*_AT_THE_ENDS),
    "AAC": CombinedFormat(*_AT_THE_ENDS),
    "APEv2File": _ape_first(),
    "MonkeysAudio": _ape_first(),
    "Musepack": _ape_first(),
    "TAK": _ape_first(),
    "WavPack": _ape_first(),
    "AIFF": CombinedFormat(Id3ChunkFormat(open_aiff, "ID3"), TextChunkFormat(aiff_texts)),
    "WAVE": WaveFormat(Id3ChunkFormat(open_wave, "id3"), InfoFormat()),
    "DSDIFF": CombinedFormat(Id3ChunkFormat(open_dsdiff, "ID3"), TextChunkFormat(dsdiff_texts)),
    "DSF": CombinedFormat(DsfFormat()),
    "FLAC": CombinedFormat(FlacFormat(FLAC), *_AT_THE_ENDS),
    "OggVorbis": CombinedFormat(OggFormat(OggVorbis), *_AT_THE_ENDS),
    "OggOpus": CombinedFormat(OggFormat(OggOpus), *_AT_THE_ENDS),
    "OggFLAC": CombinedFormat(OggFormat(OggFLAC), *_AT_THE_ENDS),
    "OggSpeex": CombinedFormat(OggFormat(OggSpeex), *_AT_THE_ENDS),
    "MP4": CombinedFormat(Mp4Format(), QuickTimeTextFormat()),
    "ASF": CombinedFormat(AsfFormat()),
}
"""The tags of each format that can be written, by the name of mutagen's reader."""


def format_of(stream: BinaryIO, name: bytes) -> CombinedFormat:
    """The tag format of an open file. Raises TagFormatError for formats that are only read."""
    tag_format = FORMATS.get(kind_of(stream, name) or "")
    if tag_format is None:
        suffix = suffix_of(name).lstrip(".") or "such"
        raise TagFormatError(
            f"tags of {suffix} files are not written; export the decision instead: catalog export"
        )
    stream.seek(0)
    size = tag_size(stream.read(HEADER))
    stream.seek(size)
    if size and stream.read(4) == b"OggS":
        raise TagFormatError("an ID3 tag precedes its Ogg stream, whose comments could not be written")
    return tag_format


def write_genres(stream: BinaryIO, name: bytes, names: Sequence[str], vocabulary: Vocabulary) -> None:
    """Replaces the genres by `names`, in the style of the present values.

    Raises TagFormatError if anything but the genre would change; then the file has to be thrown away.
    """
    tag_format = format_of(stream, name)
    present = read_file_tags(stream, name)
    with _errors_as_one("read"):
        single = tag_format.holds_one_value(stream)
    values = values_for(names, present.genres, vocabulary, single=single)
    _replace(stream, name, present, values, list(names), vocabulary)


def restore_values(stream: BinaryIO, name: bytes, values: Sequence[str], vocabulary: Vocabulary) -> None:
    """Replaces the values of the genre field by those before a write, verbatim; otherwise as `write_genres`."""
    present = read_file_tags(stream, name)
    _replace(stream, name, present, values, genres_in(values, vocabulary), vocabulary)


def _replace(
    stream: BinaryIO,
    name: bytes,
    present: FileTags,
    values: Sequence[str],
    genres: list[str],
    vocabulary: Vocabulary,
) -> None:
    """Writes the values, reads them again, and compares the genres and all other tags."""
    tag_format = format_of(stream, name)
    with _errors_as_one("read"):
        before = tag_format.other_tags(stream)
    with _errors_as_one("written"):
        tag_format.write(stream, values, id3v1_genre_number(genres, vocabulary))
    with _errors_as_one("read"):
        after = tag_format.other_tags(stream)
    if not all(_is_kept(then, now) for then, now in zip(before, after, strict=True)):
        raise TagFormatError("its other tags would change")
    tags = read_file_tags(stream, name)
    if any(getattr(present, field) not in (None, getattr(tags, field)) for field in _DESCRIBING_FIELDS):
        raise TagFormatError("its title, artist or album would be read differently")
    terms = [vocabulary.resolve(genre) for genre in genres_in(tags.genres, vocabulary)]
    if terms != [vocabulary.resolve(genre) for genre in genres]:
        if genres and not tags.genres:
            raise TagFormatError(
                f"its tags could not be read: {tags.warning or 'this kind of tag is not known'}"
            )
        shown = "; ".join(tags.genres) or "none"
        raise TagFormatError(f"its genre would be read as {shown}: another tag in the file repeats it")


def _is_kept(before: list[object], after: list[object]) -> bool:
    """Whether all fields are there in the same order. Fields may have been added, such as those of a new tag."""
    rest = iter(after)
    return all(item in rest for item in before)


@contextmanager
def _errors_as_one(action: str) -> Iterator[None]:
    """Raises TagFormatError for every error of a parser. `action` is "read" or "written"."""
    try:
        yield
    except Exception as error:
        raise tag_error(action, error) from error


def id3v1_genre_number(names: Sequence[str], vocabulary: Vocabulary) -> Id3v1Genre:
    """The number of the first genre, or else of its nearest ancestor that has one.

    A number that contradicts the genre is never kept, because some programs read only ID3v1.
    """
    term = vocabulary.resolve(names[0]) if names else None
    if term is None:
        return Id3v1Genre(None, is_exact=False)
    numbers = _numbers(vocabulary)
    number = numbers.get(term.id)
    if number is not None:
        return Id3v1Genre(number, is_exact=len(names) == 1)
    ancestors = (numbers.get(ancestor.id) for ancestor in vocabulary.ancestors(term))
    return Id3v1Genre(next((number for number in ancestors if number is not None), None), is_exact=False)


@lru_cache(maxsize=1)
def _numbers(vocabulary: Vocabulary) -> dict[int, int]:
    """Numbers by the id of the term that the list's genre is, or was merged into."""
    numbers: dict[int, int] = {}
    for seed in seeds():
        if seed.id3 is not None and (term := vocabulary.by_spelling(seed.name)) is not None:
            numbers.setdefault(term.id, seed.id3)
    return numbers


def values_for(
    names: Sequence[str], present: Sequence[str], vocabulary: Vocabulary, *, single: bool
) -> tuple[str, ...]:
    """The values of the genre field for these genres, in the style of the present values.

    If the present values show no style, `single` asks for one joined text (ID3 before version 2.4 has no several
    values). Raises TagFormatError if the joined text would be read as other genres.
    """
    if len(names) < 2:
        return tuple(names)
    separator = _separator(present, vocabulary)
    if len(present) > 1 or (separator is None and not single):
        return tuple(names)
    for candidate in (separator or DEFAULT_SEPARATOR, DEFAULT_SEPARATOR):
        joined = candidate.join(names)
        if genres_in([joined], vocabulary) == list(names):
            return (joined,)
    raise TagFormatError(
        f"{DEFAULT_SEPARATOR.join(names)!r} would be read as other genres; rename the genre that contains a separator"
    )


def _separator(present: Sequence[str], vocabulary: Vocabulary) -> str | None:
    """The text between the first two genres of the only value; None if there is no such text."""
    if len(present) != 1:
        return None
    text = sanitize(present[0])
    pieces = split_genres(text, vocabulary.compounds)
    if len(pieces) < 2 or not all(piece in text for piece in pieces[:2]):
        return None
    start = text.find(pieces[0]) + len(pieces[0])
    between = text[start : text.find(pieces[1], start)]
    return between if between.strip() in _SEPARATORS else None
