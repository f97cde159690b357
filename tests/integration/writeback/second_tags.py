"""Files whose title and artist are in another kind of tag than the one that most programs read."""

from __future__ import annotations

import contextlib
import io
import struct
from collections.abc import Callable
from typing import Any

from mutagen import apev2, id3
from mutagen.aiff import AIFF

from tests.integration.writeback.raw_tags import (
    Names,
    ape_names,
    chunk_id3,
    id3_names,
    info_names,
    item_names,
    vorbis_names,
)
from tests.integration.writeback.tagged_files import COVER, id3v1, m4a_plain, mp3, sound, wav_plain

TITLE, ARTIST = "Blue Lamp", "Nadia Orlov"


def with_ape(data: bytes, genre: str | None = "Metal") -> bytes:
    """The file with an APE tag that has a cover and a field of its own."""
    stream = io.BytesIO(data)
    tags: Any = apev2.APEv2()
    tags.update({"Title": TITLE, "Artist": ARTIST, "Album": "Harbour", "Track": "3/12", "Mood": "loud"})
    if genre is not None:
        tags["Genre"] = genre
    tags["Cover Art (Front)"] = apev2.APEValue(b"front.jpg\0" + COVER, apev2.BINARY)
    tags.save(stream)
    return stream.getvalue()


def with_id3(data: bytes, version: int = 3) -> bytes:
    """The file with an ID3v2 tag at its start."""
    tags: Any = id3.ID3()
    for frame, text in ((id3.TIT2, TITLE), (id3.TPE1, ARTIST), (id3.TALB, "Harbour"), (id3.TCON, "Metal")):
        tags.add(frame(encoding=0, text=text))
    tags.add(id3.TXXX(encoding=0, desc="MOOD", text="loud"))
    tags.add(id3.APIC(encoding=0, mime="image/jpeg", type=3, desc="", data=COVER))
    stream = io.BytesIO()
    tags.save(stream, v2_version=version)
    return stream.getvalue() + data


def chunk(name: bytes, body: bytes, order: str = "<") -> bytes:
    return name + struct.pack(f"{order}L", len(body)) + body + bytes(len(body) % 2)


def wav_info() -> bytes:
    """Title, artist and genre in LIST INFO, before the sound."""
    data = wav_plain()
    at = data.index(b"fmt ")
    body = data[at : data.index(b"LIST")] if b"LIST" in data else data[at : data.index(b"data")]
    samples = data[data.index(b"data") :]
    texts = ((b"INAM", TITLE), (b"IGNR", "Metal"), (b"IART", ARTIST), (b"IXYZ", "odd"))
    info = b"INFO" + b"".join(chunk(name, text.encode() + b"\0") for name, text in texts)
    content = b"WAVE" + body + chunk(b"LIST", info) + samples
    return b"RIFF" + struct.pack("<L", len(content)) + content


def wav_info_and_id3() -> bytes:
    """INFO, and an ID3 chunk that has only the name of a program."""
    tags: Any = id3.ID3()
    tags.add(id3.TSSE(encoding=0, text="program"))
    stream = io.BytesIO()
    tags.save(stream, v2_version=3, padding=lambda _: 0)
    data = wav_info()[8:] + chunk(b"id3 ", stream.getvalue())
    return b"RIFF" + struct.pack("<L", len(data)) + data


def mp3_ape_only() -> bytes:
    return with_ape(mp3())


def mp3_ape_and_id3v1() -> bytes:
    return with_ape(mp3()) + id3v1(9, TITLE.encode())


def mp3_ape_and_bare_id3() -> bytes:
    """An ID3 tag that names only the encoder, as LAME and FFmpeg write it."""
    tags: Any = id3.ID3()
    tags.add(id3.TSSE(encoding=0, text="Lavf"))
    stream = io.BytesIO()
    tags.save(stream, v2_version=3)
    return with_ape(stream.getvalue() + mp3())


def tta_ape() -> bytes:
    return with_ape(sound("tta", "tta"))


def flac_id3_only() -> bytes:
    return with_id3(sound("flac", "flac"))


def flac_ape_only() -> bytes:
    return with_ape(sound("flac", "flac"))


def wavpack() -> bytes:
    return with_ape(bare("wavpack", "wv"))


def wavpack_id3v1() -> bytes:
    return bare("wavpack", "wv") + id3v1(9, TITLE.encode()).replace(
        b"Band".ljust(30, b"\0"), ARTIST.encode().ljust(30, b"\0")
    )


def bare(codec: str, form: str) -> bytes:
    """The sound without the APE tag of FFmpeg."""
    stream = io.BytesIO(sound(codec, form))
    with contextlib.suppress(apev2.APENoHeaderError):
        apev2.delete(stream)
    return stream.getvalue()


def adts_ape() -> bytes:
    return with_ape(sound("aac", "adts"))


def aiff_texts() -> bytes:
    """Title and artist in the text chunks of AIFF."""
    stream = io.BytesIO(sound("pcm_s16be", "aiff"))
    AIFF(stream)
    data = stream.getvalue()[8:]
    data += chunk(b"NAME", TITLE.encode(), ">") + chunk(b"AUTH", ARTIST.encode(), ">")
    return b"FORM" + struct.pack(">L", len(data)) + data


def atom(name: bytes, *bodies: bytes) -> bytes:
    body = b"".join(bodies)
    return struct.pack(">L4s", 8 + len(body), name) + body


def _item(name: bytes, text: str) -> bytes:
    return atom(name, atom(b"data", struct.pack(">LL", 1, 0), text.encode()))


def _with_udta(*atoms: bytes) -> bytes:
    """An MP4 file with the sound before the header, whose `udta` is replaced."""
    data = m4a_plain()
    at = data.index(b"moov") - 4
    size = int.from_bytes(data[at : at + 4], "big")
    assert at + size == len(data)
    movie = data[at + 8 :]
    if b"udta" in movie:
        start = movie.index(b"udta") - 4
        movie = movie[:start] + movie[start + int.from_bytes(movie[start : start + 4], "big") :]
    return data[:at] + atom(b"moov", movie, atom(b"udta", *atoms))


def _handler() -> bytes:
    return atom(b"hdlr", bytes(8), b"mdirappl", bytes(9))


def m4a_without_version() -> bytes:
    """`meta` as QuickTime has it: without four bytes of version."""
    items = atom(b"ilst", _item(b"\xa9nam", TITLE), _item(b"\xa9gen", "Metal"), _item(b"\xa9ART", ARTIST))
    return _with_udta(atom(b"meta", _handler(), items))


def quicktime_texts() -> bytes:
    """Texts in `udta`, and the four zeros at its end."""

    def text(name: bytes, value: str) -> bytes:
        return atom(name, struct.pack(">HH", len(value), 0), value.encode())

    texts = (text(b"\xa9nam", TITLE), text(b"\xa9ART", ARTIST), text(b"\xa9gen", "Metal"))
    return _with_udta(*texts, bytes(4))


def dsf() -> bytes:
    """A block of one channel of DSD, with an ID3 tag at the end."""
    block = bytes([0x69]) * 4096
    form = struct.pack("<4sQLLLLLLQLL", b"fmt ", 52, 1, 0, 1, 1, 2_822_400, 1, 4096 * 8, 4096, 0)
    data = struct.pack("<4sQ", b"data", 12 + len(block)) + block
    tag = with_id3(b"")
    offset = 28 + len(form) + len(data)
    return struct.pack("<4sQQQ", b"DSD ", 28, offset + len(tag), offset) + form + data + tag


def dff() -> bytes:
    """Title and artist in the chunk DIIN of DSDIFF."""

    def part(name: bytes, body: bytes) -> bytes:
        return name + struct.pack(">Q", len(body)) + body + bytes(len(body) % 2)

    def text(name: bytes, value: str) -> bytes:
        return part(name, struct.pack(">L", len(value)) + value.encode())

    form = part(b"FS  ", struct.pack(">L", 2_822_400)) + part(b"CHNL", struct.pack(">H4s", 1, b"C000"))
    form += part(b"CMPR", b"DSD \x0enot compressed\0")
    body = b"DSD " + part(b"FVER", bytes([1, 5, 0, 0])) + part(b"PROP", b"SND " + form)
    body += part(b"DIIN", text(b"DIAR", ARTIST) + text(b"DITI", TITLE)) + part(b"DSD ", bytes([0x69]) * 4096)
    return b"FRM8" + struct.pack(">Q", len(body)) + body


def first_tag(data: bytes) -> bytes:
    """The file from its first ID3 tag on."""
    return data[data.find(b"ID3\x03") :]


Reader = Callable[[bytes], Names]

FILES: dict[str, tuple[str, Callable[[], bytes], Reader]] = {
    "WAVE, INFO": ("wav", wav_info, info_names),
    "WAVE, INFO and bare ID3": ("wav", wav_info_and_id3, lambda data: id3_names(chunk_id3(data))),
    "MP3, APE": ("mp3", mp3_ape_only, id3_names),
    "MP3, APE and ID3v1": ("mp3", mp3_ape_and_id3v1, id3_names),
    "MP3, APE and bare ID3": ("mp3", mp3_ape_and_bare_id3, id3_names),
    "True Audio, APE": ("tta", tta_ape, id3_names),
    "FLAC, ID3": ("flac", flac_id3_only, vorbis_names),
    "FLAC, APE": ("flac", flac_ape_only, vorbis_names),
    "WavPack, APE": ("wv", wavpack, ape_names),
    "WavPack, ID3v1": ("wv", wavpack_id3v1, ape_names),
    "AAC, APE": ("aac", adts_ape, ape_names),
    "AIFF, texts": ("aiff", aiff_texts, lambda data: id3_names(chunk_id3(data, ">"))),
    "MP4 without version": ("m4a", m4a_without_version, item_names),
    "MP4, QuickTime texts": ("m4a", quicktime_texts, item_names),
    "DSF": ("dsf", dsf, lambda data: id3_names(first_tag(data))),
    "DSDIFF, DIIN": ("dff", dff, lambda data: id3_names(first_tag(data))),
}
"""Suffix, content, and a reader of the kind of tag that most programs prefer."""
