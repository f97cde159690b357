"""All tags of a file: the genre is replaced in each, and no new tag hides the fields of another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO

from catalog.writeback.formats.id3_containers import Id3v1Format
from catalog.writeback.formats.tag_contents import NO_CONTENTS, TagContents
from catalog.writeback.formats.tag_format import Id3v1Genre, TagFormat


class CombinedFormat:
    """The kinds of tag of a file format; the first is the one that most programs read."""

    def __init__(self, *formats: TagFormat) -> None:
        self._formats = formats

    def holds_one_value(self, stream: BinaryIO) -> bool:
        """Whether the genre field of the main tag holds a single text."""
        return self._ordered(stream)[0].holds_one_value(stream)

    def other_tags(self, stream: BinaryIO) -> list[list[object]]:
        """The tags of each kind without the genre and the padding; additions come last in each list."""
        return [tag_format.other_tags(stream) for tag_format in self._formats]

    def write(self, stream: BinaryIO, values: Sequence[str], id3v1: Id3v1Genre) -> None:
        """Replaces the values of the genre in every tag; no values remove the genre.

        If the main tag is missing or names no title, artist or album, it also gets the fields and pictures of the
        other tags, because a program that prefers it would show none of them. A file that has only ID3v1 keeps only
        ID3v1 if `id3v1` is exact.
        """
        main, *others = self._ordered(stream)
        present = [tag_format for tag_format in others if tag_format.exists(stream)]
        is_new = not main.exists(stream)
        has_only_id3v1 = is_new and all(isinstance(tag_format, Id3v1Format) for tag_format in present)
        is_enough = not values or (bool(present) and has_only_id3v1 and id3v1.is_exact)
        if not (is_new and is_enough):
            main.write(stream, values, id3v1, self._additions(stream, main, present))
        for tag_format in present:
            if tag_format.has_genre(stream) or tag_format.contents(stream).identifies_track:
                tag_format.write(stream, values, id3v1)

    def _ordered(self, stream: BinaryIO) -> Sequence[TagFormat]:
        """The formats, the main one first."""
        del stream
        return self._formats

    def _additions(self, stream: BinaryIO, main: TagFormat, others: Sequence[TagFormat]) -> TagContents:
        """The fields of the other tags that the main tag needs."""
        if not others:
            return NO_CONTENTS
        contents = main.contents(stream)
        if contents.identifies_track:
            return NO_CONTENTS
        additions = NO_CONTENTS
        for tag_format in others:
            additions = additions.merged(tag_format.contents(stream))
        return additions.lacking_in(contents)


class WaveFormat(CombinedFormat):
    """The ID3 and INFO chunks of a WAVE file. A file that states its title or genre only in INFO gets no ID3."""

    def _ordered(self, stream: BinaryIO) -> Sequence[TagFormat]:
        id3, info = self._formats
        if id3.exists(stream) or not (info.has_genre(stream) or info.contents(stream).identifies_track):
            return id3, info
        return info, id3
