"""Replaces the genre in the item list of MP4 and keeps every other item verbatim and in order.

The item list is Apple's `moov/udta/meta/ilst`. `meta` has a version of four bytes in MP4 (ISO/IEC 14496-12) and none in
QuickTime ("QuickTime File Format Specification"). QuickTime also has texts next to `meta` in `udta`.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO, NamedTuple

from mutagen._util import resize_bytes

from catalog.writeback.formats.tag_contents import NO_CONTENTS, TagContents
from catalog.writeback.formats.tag_format import Id3v1Genre, TagFormat, TagFormatError

_GENRE, _GENRE_NUMBER = b"\xa9gen", b"gnre"
_NAMES = {
    b"\xa9nam": "title",
    b"\xa9ART": "artist",
    b"\xa9alb": "album",
    b"aART": "albumartist",
    b"\xa9day": "date",
    b"\xa9cmt": "comment",
    b"\xa9wrt": "composer",
    b"\xa9cpy": "copyright",
    b"cprt": "copyright",
    b"\xa9lyr": "lyrics",
    b"\xa9too": "encodedby",
}
_ITEM_NAMES = {name: item for item, name in _NAMES.items()}
_HANDLER = struct.pack(">L4sLL4s4sLLB", 33, b"hdlr", 0, 0, b"mdir", b"appl", 0, 0, 0)
_MAX_MOVIE = 2**28
_UTF_8 = 1
"""The type of a text in an item list."""


class Atom(NamedTuple):
    """An atom and its place."""

    name: bytes
    start: int
    body: int
    """Offset of the content."""
    end: int


class Mp4Format(TagFormat):
    """The item list of an MP4 file."""

    def exists(self, stream: BinaryIO) -> bool:
        """Whether the file has an item list."""
        return _items(_movie(stream)[1]) is not None

    def holds_one_value(self, stream: BinaryIO) -> bool:
        """Whether the file is made for QuickTime, whose programs read one value."""
        meta = _child(_child(_movie(stream)[1], b"udta") or b"", b"meta")
        return not meta or _version_size(meta) == 0

    def contents(self, stream: BinaryIO) -> TagContents:
        """The texts of the items; no pictures, because no other tag of the file has them."""
        texts = {}
        for name, raw in _items(_movie(stream)[1]) or ():
            if name in _NAMES and len(raw) > 24:
                texts[_NAMES[name]] = [raw[24:].decode("utf-8", "replace")]
        return TagContents(texts)

    def has_genre(self, stream: BinaryIO) -> bool:
        """Whether there is a genre item."""
        return any(name in (_GENRE, _GENRE_NUMBER) for name, _ in _items(_movie(stream)[1]) or ())

    def other_tags(self, stream: BinaryIO) -> list[object]:
        """The other items, verbatim and in order."""
        items = _items(_movie(stream)[1]) or ()
        return [item for item in items if item[0] not in (_GENRE, _GENRE_NUMBER)]

    def write(
        self,
        stream: BinaryIO,
        values: Sequence[str],
        _id3v1: Id3v1Genre,
        additions: TagContents = NO_CONTENTS,
    ) -> None:
        """Replaces the genre item. A number of the ID3v1 list, which older programs wrote, becomes the text."""
        place, movie = _movie(stream)
        if _items(movie) is None and _child(movie, b"meta") is not None:
            raise TagFormatError("its tags are QuickTime metadata keys, which are not supported")
        genre = _item(_GENRE, values) if values else b""
        added = b"".join(_item(_ITEM_NAMES[name], texts) for name, texts in additions.texts.items())

        def change_items(items: bytes) -> bytes:
            parts = []
            is_done = False
            for atom in _atoms(items):
                if atom.name not in (_GENRE, _GENRE_NUMBER):
                    parts.append(items[atom.start : atom.end])
                elif not is_done:
                    parts.append(genre)
                    is_done = True
            return b"".join([*parts, added, b"" if is_done else genre])

        udta = _with_child(
            movie, b"udta", lambda udta: _with_child(udta, b"meta", _meta_changer(change_items))
        )
        _replace_movie(stream, place, udta)


class QuickTimeTextFormat(TagFormat):
    """Texts in `udta`, which QuickTime programs write instead of an item list."""

    def exists(self, stream: BinaryIO) -> bool:
        """Whether there are such texts."""
        return bool(self._texts(stream))

    def contents(self, stream: BinaryIO) -> TagContents:
        """The texts without the genre."""
        texts = self._texts(stream)
        return TagContents({_NAMES[name]: [text] for name, text in texts.items() if name in _NAMES})

    def has_genre(self, stream: BinaryIO) -> bool:
        """Whether one of them is the genre."""
        return _GENRE in self._texts(stream)

    def other_tags(self, stream: BinaryIO) -> list[object]:
        """The other texts."""
        return [item for item in self._texts(stream).items() if item[0] != _GENRE]

    def write(
        self,
        stream: BinaryIO,
        values: Sequence[str],
        _id3v1: Id3v1Genre,
        _additions: TagContents = NO_CONTENTS,
    ) -> None:
        """Replaces the genre text; an empty text stands for no genre."""
        if not self.has_genre(stream):
            return
        place, movie = _movie(stream)
        text = "; ".join(values).encode()

        def change_text(body: bytes) -> bytes:
            return struct.pack(">H", len(text)) + body[2:4] + text

        _replace_movie(
            stream, place, _with_child(movie, b"udta", lambda udta: _with_child(udta, _GENRE, change_text))
        )

    def _texts(self, stream: BinaryIO) -> dict[bytes, str]:
        _, movie = _movie(stream)
        udta = _child(movie, b"udta") or b""
        texts = {}
        for atom in _atoms(udta):
            body = udta[atom.body : atom.end]
            if (atom.name in _NAMES or atom.name == _GENRE) and len(body) > 4:
                (length,) = struct.unpack_from(">H", body)
                texts[atom.name] = body[4 : 4 + length].decode("utf-8", "replace")
        return texts


def _item(name: bytes, texts: Sequence[str]) -> bytes:
    data = b"".join(
        struct.pack(">L4sLL", 16 + len(encoded), b"data", _UTF_8, 0) + encoded
        for encoded in (text.encode() for text in texts)
    )
    return _atom(name, data)


def _atom(name: bytes, body: bytes) -> bytes:
    return struct.pack(">L4s", 8 + len(body), name) + body


def _atoms(data: bytes, start: int = 0) -> Iterator[Atom]:
    """The atoms of a content. Bytes after the last one, such as the four zeros of QuickTime, are not an atom."""
    offset = start
    while offset + 8 <= len(data):
        size, name = struct.unpack_from(">L4s", data, offset)
        if size < 8 or offset + size > len(data):
            raise TagFormatError(f"the size of its atom {name.decode('latin-1')!r} is wrong")
        yield Atom(name, offset, offset + 8, offset + size)
        offset += size


def _child(data: bytes, name: bytes, start: int = 0) -> bytes | None:
    atom = next((atom for atom in _atoms(data, start) if atom.name == name), None)
    return None if atom is None else data[atom.body : atom.end]


def _with_child(data: bytes, name: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """The content with its first child of this name changed; a new child comes last."""
    end = 0
    for atom in _atoms(data):
        end = atom.end
        if atom.name == name:
            return data[: atom.start] + _atom(name, change(data[atom.body : atom.end])) + data[atom.end :]
    return data[:end] + _atom(name, change(b"")) + data[end:]


def _version_size(meta: bytes) -> int:
    """The number of bytes before the first atom of `meta`: 0 in QuickTime, else 4."""
    return 0 if meta[4:8] == b"hdlr" else 4


def _meta_changer(change_items: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    def change(meta: bytes) -> bytes:
        if not meta:
            return bytes(4) + _HANDLER + _atom(b"ilst", change_items(b""))
        start = _version_size(meta)
        atoms = list(_atoms(meta, start))
        place = next((number for number, atom in enumerate(atoms) if atom.name == b"ilst"), None)
        if place is None:
            return meta + _atom(b"ilst", change_items(b""))
        old = atoms[place]
        end = old.end
        items = _atom(b"ilst", change_items(meta[old.body : old.end]))
        if place + 1 < len(atoms) and atoms[place + 1].name == b"free":
            end = atoms[place + 1].end
        # Padding keeps the size, so that the audio stays where it is.
        room = end - old.start - len(items)
        if room >= 8:
            items += _atom(b"free", bytes(room - 8))
        elif room != 0 and end != old.end:
            items += meta[old.end : end]
        return meta[: old.start] + items + meta[end:]

    return change


def _items(movie: bytes) -> list[tuple[bytes, bytes]] | None:
    """The items of the item list, by name; None if there is no list."""
    meta = _child(_child(movie, b"udta") or b"", b"meta")
    items = None if not meta else _child(meta, b"ilst", _version_size(meta))
    return None if items is None else [(atom.name, items[atom.start : atom.end]) for atom in _atoms(items)]


def _movie(stream: BinaryIO) -> tuple[Atom, bytes]:
    """The atom `moov` of a file, and its content."""
    file_size = stream.seek(0, io.SEEK_END)
    offset = 0
    while offset + 8 <= file_size:
        stream.seek(offset)
        header = stream.read(16)
        size, name = struct.unpack_from(">L4s", header)
        head = 8
        if size == 1:
            size, head = int.from_bytes(header[8:16], "big"), 16
        size = size or file_size - offset
        if size < head or offset + size > file_size:
            raise TagFormatError(f"the size of its atom {name.decode('latin-1')!r} is wrong")
        if name == b"moov":
            if size > _MAX_MOVIE or head != 8:
                raise TagFormatError("its header is too large")
            stream.seek(offset + head)
            return Atom(name, offset, offset + head, offset + size), stream.read(size - head)
        offset += size
    raise TagFormatError("it has no atom 'moov'")


def _replace_movie(stream: BinaryIO, place: Atom, movie: bytes) -> None:
    old_size = place.end - place.start
    shift = 8 + len(movie) - old_size
    content = bytearray(movie)
    if shift:
        for start, end in _offset_tables(movie):
            _shift_offsets(content, start, end, place.end, shift)
    resize_bytes(stream, old_size, old_size + shift, place.start)
    stream.seek(place.start)
    stream.write(_atom(place.name, bytes(content)))


def _offset_tables(movie: bytes) -> Iterator[tuple[int, int]]:
    """The places of the tables of chunk offsets, `stco` and `co64`."""
    pending = [(0, len(movie))]
    while pending:
        start, end = pending.pop()
        for atom in _atoms(movie[:end], start):
            if atom.name in (b"trak", b"mdia", b"minf", b"stbl"):
                pending.append((atom.body, atom.end))
            elif atom.name in (b"stco", b"co64"):
                yield atom.start, atom.end


def _shift_offsets(content: bytearray, start: int, end: int, after: int, shift: int) -> None:
    """Adds `shift` to the offsets of a table that lie behind `after`."""
    code = "L" if content[start + 4 : start + 8] == b"stco" else "Q"
    (count,) = struct.unpack_from(">L", content, start + 12)
    table = struct.Struct(f">{count}{code}")
    if start + 16 + table.size > end:
        raise TagFormatError("its table of offsets is cut off")
    offsets = table.unpack_from(content, start + 16)
    table.pack_into(
        content, start + 16, *(offset + shift if offset >= after else offset for offset in offsets)
    )
