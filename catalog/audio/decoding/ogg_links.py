"""Links of a chained Ogg file: complete streams one after the other, as stations save them."""

import os

from catalog.audio.decoding.media_file import MediaFile, MediaSection

MAX_LINKS = 1000
"""Later links count as part of the last one."""

_HEADER = 27
"""Bytes of a page before its table of segment sizes."""
_BEGINS_STREAM = 0x02
_SYNC_WINDOW = 64 * 1024
"""Bytes in which the next page is looked for after damage."""


def ogg_links(source: MediaFile) -> list[MediaSection]:
    """The links of a chained Ogg file; empty for a file with one link, and for other formats.

    FFmpeg gives up at a link with another codec, sample rate or number of channels.
    """
    size = source.seek(0, os.SEEK_END)
    starts: list[int] = []
    begins_before = False
    place = 0
    while len(starts) < MAX_LINKS and (page := _page_at(source, place)) is not None:
        start, place, begins = page
        # All streams that play together begin before the first page of contents.
        if begins and not begins_before:
            starts.append(start)
        begins_before = begins
    if len(starts) < 2:
        return []
    ends = [*starts[1:], size]
    return [MediaSection(source, start, end) for start, end in zip(starts, ends, strict=True)]


def _page_at(source: MediaFile, place: int) -> tuple[int, int, bool] | None:
    """Start and end of the page at a place, or of the next one, and whether it begins a stream; None at the end."""
    source.seek(place)
    data = source.read(_HEADER + 255)
    if data[:4] != b"OggS":
        if place == 0:
            return None
        skipped = (data + source.read(_SYNC_WINDOW)).find(b"OggS")
        return None if skipped < 0 else _page_at(source, place + skipped)
    if len(data) < _HEADER:
        return None
    segments = data[_HEADER : _HEADER + data[26]]
    return place, place + _HEADER + len(segments) + sum(segments), bool(data[5] & _BEGINS_STREAM)
