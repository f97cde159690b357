"""The interface of a tag format, and what the formats share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO, NamedTuple, Protocol

from mutagen import PaddingInfo

from catalog.errors import CatalogError


class TagFormatError(CatalogError):
    """A tag whose genre cannot be changed without changing more than the genre; the file is left unchanged."""


class Id3v1Genre(NamedTuple):
    """A genre as a number of the ID3v1 list."""

    number: int | None
    """The number of the first genre or of its nearest ancestor that has one; None if neither has one."""
    is_exact: bool
    """The number stands for the only genre itself."""


class TagFormat(Protocol):
    """How the files of one format hold the genre.

    The methods take an open file and raise TagFormatError, MutagenError or EOFError for tags that they cannot handle.
    """

    def holds_one_value(self, _stream: BinaryIO) -> bool:
        """Whether the genre field holds a single text, so that several genres have to be joined."""
        return False

    def other_tags(self, stream: BinaryIO) -> list[object]:
        """The tags without the genre and the padding, in a form that can be compared."""

    def write(self, stream: BinaryIO, values: Sequence[str], id3v1: Id3v1Genre) -> None:
        """Replaces the values of the genre field; no values remove the field. Only ID3 uses `id3v1`."""


def same_padding(information: PaddingInfo) -> int:
    """The padding that keeps the size of the tag; mutagen's choice if the tag needs more room."""
    room: int = information.padding
    return room if room >= 0 else int(information.get_default_padding())
