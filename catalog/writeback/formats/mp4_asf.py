"""The genre in the item list of MP4 and in the attributes of ASF (Windows Media)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, BinaryIO

from mutagen.asf import ASF
from mutagen.asf._attrs import ASFUnicodeAttribute
from mutagen.mp4 import MP4
from mutagen.mp4._atom import Atoms

from catalog.writeback.formats.vorbis_comments import same_padding

# Untyped in mutagen.
open_mp4: Callable[..., Any] = MP4
open_atoms: Callable[..., Any] = Atoms
open_asf: Callable[..., Any] = ASF
asf_text: Callable[..., Any] = ASFUnicodeAttribute

MP4_GENRE, MP4_GENRE_NUMBER = "\xa9gen", "gnre"
ASF_GENRE = "WM/Genre"


def mp4_others(stream: BinaryIO) -> list[object]:
    """The other items, verbatim; mutagen orders them anew."""
    stream.seek(0)
    try:
        items = open_atoms(stream).path(b"moov", b"udta", b"meta", b"ilst")[-1]
    except KeyError:
        return []
    names = {MP4_GENRE.encode("latin-1"), MP4_GENRE_NUMBER.encode()}
    found = [(each.name, each.read(stream)[1]) for each in items.children or () if each.name not in names]
    return [*sorted(found)]


def write_mp4(stream: BinaryIO, values: Sequence[str]) -> None:
    """Exchanges the genre; its number in the ID3v1 list, which older programs wrote, becomes the text."""
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


def asf_others(stream: BinaryIO) -> list[object]:
    """The other attributes, as mutagen writes them; it may put them in another object of the header."""
    stream.seek(0)
    found = [
        (name, value.TYPE, value.language or 0, value.stream or 0, bytes(value._render()))  # noqa: SLF001 - as written
        for name, value in open_asf(stream).tags
        if name != ASF_GENRE
    ]
    return [*sorted(found)]


def write_asf(stream: BinaryIO, values: Sequence[str]) -> None:
    """Exchanges the genre."""
    stream.seek(0)
    file = open_asf(stream)
    if values:
        file.tags[ASF_GENRE] = [asf_text(value) for value in values]
    elif ASF_GENRE in file.tags:
        del file.tags[ASF_GENRE]
    stream.seek(0)
    file.save(stream, padding=same_padding)
