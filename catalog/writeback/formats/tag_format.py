"""The interface of a tag format, and what the formats share."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import BinaryIO, NamedTuple, Protocol

from mutagen import MutagenError, PaddingInfo

from catalog.errors import CatalogError
from catalog.text import sanitize
from catalog.writeback.formats.tag_contents import NO_CONTENTS, TagContents

LONGEST_DETAIL = 120
"""Characters of a parser's message that are shown."""

_log = logging.getLogger(__name__)


class TagFormatError(CatalogError):
    """A tag whose genre cannot be changed without changing more than the genre; the file is left unchanged."""


def tag_error(action: str, error: Exception) -> TagFormatError:
    """The error of a parser as a TagFormatError in one line. `action` is "read" or "written"."""
    if isinstance(error, TagFormatError):
        return error
    _log.debug("tags could not be %s", action, exc_info=error)
    detail = sanitize(str(error))[:LONGEST_DETAIL]
    is_readable = isinstance(error, (MutagenError, CatalogError, OSError)) and detail
    return TagFormatError(
        f"its tags could not be {action}: {detail if is_readable else type(error).__name__}"
    )


class Id3v1Genre(NamedTuple):
    """A genre as a number of the ID3v1 list."""

    number: int | None
    """The number of the first genre or of its nearest ancestor that has one; None if neither has one."""
    is_exact: bool
    """The number stands for the only genre itself."""


class TagFormat(Protocol):
    """One kind of tag that a file may hold, such as its ID3v2 tag.

    The methods take an open file. They raise TagFormatError for tags that they cannot handle, and any other exception
    for malformed tags: parsers raise struct.error, KeyError, MemoryError and more.
    """

    def exists(self, stream: BinaryIO) -> bool:
        """Whether the file has this kind of tag."""

    def holds_one_value(self, _stream: BinaryIO) -> bool:
        """Whether the genre field holds a single text, so that several genres have to be joined."""
        return False

    def contents(self, _stream: BinaryIO) -> TagContents:
        """The texts and pictures of the tag without the genre; empty if there is no tag."""
        return NO_CONTENTS

    def has_genre(self, stream: BinaryIO) -> bool:
        """Whether the tag has a genre field."""

    def other_tags(self, stream: BinaryIO) -> list[object]:
        """The tag without the genre and the padding, in a form that can be compared; additions come last."""

    def write(
        self, stream: BinaryIO, values: Sequence[str], id3v1: Id3v1Genre, additions: TagContents = NO_CONTENTS
    ) -> None:
        """Replaces the values of the genre field; no values remove the field. Makes the tag if it does not exist.

        `additions` are fields that the tag lacks and gets. Only ID3v1 uses `id3v1`.
        """


def same_padding(information: PaddingInfo) -> int:
    """The padding that keeps the size of the tag; mutagen's choice if the tag needs more room."""
    room: int = information.padding
    return room if room >= 0 else int(information.get_default_padding())
