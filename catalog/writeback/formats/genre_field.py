"""The genre of an open file: exchanged in the tags that its format has, and checked to be the only change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO

from mutagen import MutagenError

from catalog.collection.naming.audio_extensions import suffix_of
from catalog.collection.scan.file_tags import kind_of, read_file_tags
from catalog.genres.vocabulary import Vocabulary, genres_in
from catalog.writeback.formats.id3_file import id3_others, id3_version, write_id3
from catalog.writeback.formats.id3v1_genre import id3v1_genre_number
from catalog.writeback.formats.id3v2 import TagFormatError
from catalog.writeback.formats.mp4_asf import asf_others, mp4_others, write_asf, write_mp4
from catalog.writeback.formats.multi_value import values_for
from catalog.writeback.formats.vorbis_comments import KINDS as VORBIS
from catalog.writeback.formats.vorbis_comments import vorbis_others, write_vorbis

_AT_BEGINNING = frozenset({"MP3", "ID3FileType", "TrueAudio"})
_IN_CHUNK = frozenset({"AIFF", "WAVE"})


def kind_to_write(stream: BinaryIO, name: bytes) -> str:
    """How the tags of a file are written. Raises TagFormatError for formats that are only read."""
    kind = kind_of(stream, name)
    if kind in _AT_BEGINNING:
        return "MP3"
    if kind in _IN_CHUNK or kind in VORBIS or kind in {"MP4", "ASF"}:
        return kind
    shown = suffix_of(name).lstrip(".") or "such"
    raise TagFormatError(f"tags of {shown} files are not written; take the decision over by catalog export")


def other_tags(stream: BinaryIO, kind: str) -> list[object]:
    """What the tags hold beside the genre and the padding, in a form that can be compared."""
    try:
        if kind in VORBIS:
            return vorbis_others(stream, kind)
        if kind == "MP4":
            return mp4_others(stream)
        return asf_others(stream) if kind == "ASF" else id3_others(stream, kind)
    except (MutagenError, EOFError) as error:
        raise TagFormatError(f"its tags cannot be read: {error}") from error


def write_genres(
    stream: BinaryIO, name: bytes, names: Sequence[str], vocabulary: Vocabulary
) -> tuple[str, ...]:
    """Makes the file say these genres, in the house's spelling; gives the values of the tag as they are read again.

    Raises TagFormatError, and the file is to be thrown away, where anything but the genre would become another.
    """
    kind = kind_to_write(stream, name)
    present = read_file_tags(stream, name).genres
    before = other_tags(stream, kind)
    is_id3 = kind == "MP3" or kind in _IN_CHUNK
    single = is_id3 and (id3_version(stream, kind) or 3) < 4
    values = values_for(names, present, vocabulary, single=single)
    number, exact = id3v1_genre_number(names, vocabulary)
    put_values(stream, kind, values, number, exact=exact)
    return _checked(stream, name, kind, list(names), before, vocabulary)


def restore_values(
    stream: BinaryIO, name: bytes, values: Sequence[str], vocabulary: Vocabulary
) -> tuple[str, ...]:
    """Makes the genre tag hold these values, verbatim, as it did before we wrote; else as `write_genres`."""
    kind = kind_to_write(stream, name)
    before = other_tags(stream, kind)
    number, exact = id3v1_genre_number(genres_in(values, vocabulary), vocabulary)
    put_values(stream, kind, values, number, exact=exact)
    return _checked(stream, name, kind, genres_in(values, vocabulary), before, vocabulary)


def put_values(
    stream: BinaryIO, kind: str, values: Sequence[str], number: int | None, *, exact: bool
) -> None:
    """Writes the values of the genre tag, unchecked."""
    try:
        if kind in VORBIS:
            write_vorbis(stream, kind, values)
        elif kind == "MP4":
            write_mp4(stream, values)
        elif kind == "ASF":
            write_asf(stream, values)
        else:
            write_id3(stream, kind, values, number, exact=exact)
    except (MutagenError, EOFError) as error:
        raise TagFormatError(f"its tags cannot be written: {error}") from error


def _checked(
    stream: BinaryIO, name: bytes, kind: str, wanted: list[str], before: list[object], vocabulary: Vocabulary
) -> tuple[str, ...]:
    """The values as read again. Raises TagFormatError where they are not what was wanted, or more has changed."""
    # What was not there before, such as the rest of a new tag, comes last.
    if other_tags(stream, kind)[: len(before)] != before:
        raise TagFormatError("its other tags would not stay as they are")
    tags = read_file_tags(stream, name)
    read = [vocabulary.resolve(each) for each in genres_in(tags.genres, vocabulary)]
    if read != [vocabulary.resolve(each) for each in wanted]:
        found = "; ".join(tags.genres) or "none"
        raise TagFormatError(f"its genre would be read as {found}: another tag in the file says so")
    return tags.genres
