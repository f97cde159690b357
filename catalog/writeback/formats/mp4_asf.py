"""The genre in the item list of MP4 and in the attributes of ASF (Windows Media)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, BinaryIO

from mutagen.asf import ASF
from mutagen.asf._attrs import ASFUnicodeAttribute
from mutagen.mp4 import MP4
from mutagen.mp4._atom import Atoms

from catalog.writeback.formats.tag_format import Id3v1Genre, TagFormat, same_padding

# Untyped in mutagen.
open_mp4: Callable[..., Any] = MP4
open_atoms: Callable[..., Any] = Atoms
open_asf: Callable[..., Any] = ASF
asf_text: Callable[..., Any] = ASFUnicodeAttribute

MP4_GENRE, MP4_GENRE_NUMBER = "\xa9gen", "gnre"
ASF_GENRE = "WM/Genre"


class Mp4Format(TagFormat):
    """The items of an MP4 file."""

    def other_tags(self, stream: BinaryIO) -> list[object]:
        """The other items verbatim, sorted, because mutagen changes their order."""
        stream.seek(0)
        try:
            items = open_atoms(stream).path(b"moov", b"udta", b"meta", b"ilst")[-1]
        except KeyError:
            return []
        genre_names = {MP4_GENRE.encode("latin-1"), MP4_GENRE_NUMBER.encode()}
        others = [
            (item.name, item.read(stream)[1]) for item in items.children or () if item.name not in genre_names
        ]
        return [*sorted(others)]

    def write(self, stream: BinaryIO, values: Sequence[str], _id3v1: Id3v1Genre) -> None:
        """Replaces the genre. A number of the ID3v1 list, which older programs wrote, becomes the text."""
        stream.seek(0)
        file = open_mp4(stream)
        if file.tags is None:
            file.add_tags()
        if values:
            file.tags[MP4_GENRE] = list(values)
        else:
            file.tags.pop(MP4_GENRE, None)
        stream.seek(0)
        file.save(stream, padding=same_padding)


class AsfFormat(TagFormat):
    """The attributes of an ASF file."""

    def other_tags(self, stream: BinaryIO) -> list[object]:
        """The other attributes as mutagen writes them, sorted; it may move them to another object of the header."""
        stream.seek(0)
        others = [
            (name, value.TYPE, value.language or 0, value.stream or 0, bytes(value._render()))  # noqa: SLF001 - as written
            for name, value in open_asf(stream).tags
            if name != ASF_GENRE
        ]
        return [*sorted(others)]

    def write(self, stream: BinaryIO, values: Sequence[str], _id3v1: Id3v1Genre) -> None:
        """Replaces the genre."""
        stream.seek(0)
        file = open_asf(stream)
        if values:
            file.tags[ASF_GENRE] = [asf_text(value) for value in values]
        elif ASF_GENRE in file.tags:
            del file.tags[ASF_GENRE]
        stream.seek(0)
        file.save(stream, padding=same_padding)
