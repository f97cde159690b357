"""The genre in the attributes of ASF (Windows Media)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, BinaryIO

from mutagen.asf import ASF
from mutagen.asf._attrs import ASFUnicodeAttribute

from catalog.writeback.formats.tag_contents import NO_CONTENTS, TagContents
from catalog.writeback.formats.tag_format import Id3v1Genre, TagFormat, same_padding

# Untyped in mutagen.
open_asf: Callable[..., Any] = ASF
asf_text: Callable[..., Any] = ASFUnicodeAttribute

_GENRE = "WM/Genre"


class AsfFormat(TagFormat):
    """The attributes of an ASF file."""

    def exists(self, _stream: BinaryIO) -> bool:
        """Always: the header has attributes, if only empty ones."""
        return True

    def has_genre(self, stream: BinaryIO) -> bool:
        """Whether there is a genre attribute."""
        stream.seek(0)
        return _GENRE in open_asf(stream).tags

    def other_tags(self, stream: BinaryIO) -> list[object]:
        """The other attributes as mutagen writes them, sorted; it may move them to another object of the header."""
        stream.seek(0)
        others = [
            (name, value.TYPE, value.language or 0, value.stream or 0, bytes(value._render()))  # noqa: SLF001 - as written
            for name, value in open_asf(stream).tags
            if name != _GENRE
        ]
        return [*sorted(others)]

    def write(
        self,
        stream: BinaryIO,
        values: Sequence[str],
        _id3v1: Id3v1Genre,
        _additions: TagContents = NO_CONTENTS,
    ) -> None:
        """Replaces the genre."""
        stream.seek(0)
        file = open_asf(stream)
        if values:
            file.tags[_GENRE] = [asf_text(value) for value in values]
        elif _GENRE in file.tags:
            del file.tags[_GENRE]
        stream.seek(0)
        file.save(stream, padding=same_padding)
