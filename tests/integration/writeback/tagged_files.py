"""Songs of a second in every format that is written to, tagged as different programs do it."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
from av import AudioStream
from mutagen import apev2, asf, flac, id3, mp4, oggopus, oggvorbis
from mutagen.aiff import AIFF
from mutagen.asf import _attrs
from mutagen.wave import WAVE

COVER = b"\xff\xd8\xff\xe0" + np.random.default_rng(3).bytes(30_000)


@cache
def sound(codec: str, form: str) -> bytes:
    """A second of a chord with noise, encoded and in its container."""
    rate = 48_000 if codec == "libopus" else 44_100
    random = np.random.default_rng(7)
    time = np.arange(rate) / rate
    wave = sum(np.sin(2 * np.pi * pitch * time) for pitch in (220, 277, 330)) * 4000
    samples = (wave + random.normal(0, 300, rate)).astype(np.int16)
    made = io.BytesIO()
    # Without the muxer's own tags and headers, which tests put there themselves.
    layout = "stereo" if codec == "vorbis" else "mono"
    options = {"id3v2_version": "0", "write_xing": "0"} if form == "mp3" else {}
    with av.open(made, "w", format=form, options=options) as container:
        stream = cast(
            "AudioStream", container.add_stream(codec, rate=rate, layout=layout, options={"strict": "-2"})
        )
        stream.codec_context.bit_rate = 64_000
        frame = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
        frame.sample_rate = rate
        stream.codec_context.open()
        shape = av.AudioResampler(stream.format, layout, rate, stream.codec_context.frame_size or 1024)
        for each in [*shape.resample(frame), *shape.resample(None)]:
            container.mux(stream.encode(each))
        container.mux(stream.encode(None))
    return made.getvalue()


def id3v1(number: int, title: bytes = b"Song") -> bytes:
    """The block of ID3v1."""
    texts = b"".join(each.ljust(30, b"\0") for each in (title, b"Band", b"Disc"))
    return b"TAG" + texts + b"1999" + b"a comment".ljust(30, b"\0") + bytes([number])


def id3v2(version: int, frames: list[tuple[bytes, bytes]], padding: int = 100, flags: int = 0) -> bytes:
    """A tag by hand, with frames that no program knows if need be."""
    body = b""
    for name, data in frames:
        if version == 2:
            body += name + len(data).to_bytes(3, "big") + data
        else:
            size = syncsafe(len(data)) if version == 4 else struct.pack(">L", len(data))
            body += name + size + b"\0\0" + data
    if flags & 0x80 and version < 4:
        body = body.replace(b"\xff\x00", b"\xff\x00\x00").replace(b"\xff\xfe", b"\xff\x00\xfe")
    body += bytes(padding)
    return b"ID3" + bytes([version, 0, flags]) + syncsafe(len(body)) + body


def syncsafe(value: int) -> bytes:
    """Seven bits a byte."""
    return bytes(value >> shift & 0x7F for shift in (21, 14, 7, 0))


def mp3() -> bytes:
    """Frames of sound and nothing else."""
    data = sound("libmp3lame", "mp3")
    return data[:-128] if data[-128:-125] == b"TAG" else data


def mp3_v22() -> bytes:
    frames = [(b"TT2", b"\0Song\0"), (b"TCO", b"\0(9)\0"), (b"XYZ", b"\1\2\3"), (b"TP1", b"\0Band\0")]
    return id3v2(2, frames) + mp3()


def mp3_v23() -> bytes:
    picture = (b"APIC", b"\0image/jpeg\0\3\0" + COVER)
    frames = [
        (b"TIT2", b"\1" + "Söng".encode("utf-16")),
        (b"TCON", b"\0Metal"),
        (b"XQQQ", b"who knows"),
        picture,
    ]
    return id3v2(3, frames, padding=40) + mp3() + id3v1(9)


def mp3_v23_unsynchronized() -> bytes:
    frames = [(b"TIT2", b"\1" + "Song".encode("utf-16")), (b"TCON", b"\0Metal"), (b"TPE1", b"\0Band")]
    return id3v2(3, frames, padding=0, flags=0x80) + mp3()


def mp3_v23_utf16() -> bytes:
    text = b"\1\xfe\xff" + "Metal/Pop".encode("utf-16-be") + b"\0\0"
    return id3v2(3, [(b"TCON", text), (b"TIT2", b"\0Song")], padding=0) + mp3()


def mp3_v24() -> bytes:
    frames = [(b"TCON", b"\3Metal\0Pop"), (b"TIT2", b"\3Song"), (b"ZZZZ", b"\xff\xfe\xff")]
    return id3v2(4, frames) + mp3()


def mp3_v1() -> bytes:
    return mp3() + id3v1(9)


def mp3_plain() -> bytes:
    return mp3()


def mp3_ape() -> bytes:
    stream = io.BytesIO(id3v2(4, [(b"TIT2", b"\3Song"), (b"TCON", b"\0Metal")]) + mp3())
    tags = apev2.APEv2()
    tags["Genre"] = "Metal"
    tags["Mood"] = "loud"
    tags.save(stream)
    return stream.getvalue() + id3v1(9)


def flac_cover() -> bytes:
    stream = io.BytesIO(sound("flac", "flac"))
    file: Any = flac.FLAC(stream)
    file.tags[:] = [
        ("Title", "Söng"),
        ("GENRE", "Metal"),
        ("x-own", "a=b"),
        ("genre", "Pop"),
        ("ARTIST", "B"),
    ]
    picture = flac.Picture()
    picture.data, picture.mime, picture.type = COVER, "image/jpeg", 3
    file.add_picture(picture)
    stream.seek(0)
    file.save(stream, padding=lambda _: 10)
    return stream.getvalue()


def flac_joined() -> bytes:
    stream = io.BytesIO(sound("flac", "flac"))
    file: Any = flac.FLAC(stream)
    file.tags[:] = [("genre", "Metal / Pop"), ("title", "Song")]
    stream.seek(0)
    file.save(stream)
    return stream.getvalue()


def ogg() -> bytes:
    return _ogg(sound("vorbis", "ogg"), oggvorbis.OggVorbis, 0)


def ogg_full() -> bytes:
    """A picture among the comments, and no padding: pages are numbered anew."""
    return _ogg(sound("vorbis", "ogg"), oggvorbis.OggVorbis, 70_000)


def opus() -> bytes:
    return _ogg(sound("libopus", "ogg"), oggopus.OggOpus, 0)


def _ogg(data: bytes, kind: Callable[..., Any], size: int) -> bytes:
    stream = io.BytesIO(data)
    file = kind(stream)
    file["title"] = "Song"
    file["genre"] = "Metal"
    if size:
        file["metadata_block_picture"] = "A" * size
    stream.seek(0)
    file.save(stream, padding=lambda _: 0)
    return stream.getvalue()


def m4a() -> bytes:
    return _mp4(lambda tags: tags.__setitem__("\xa9gen", ["Metal"]))


def m4a_plain() -> bytes:
    return sound("aac", "ipod")


def _mp4(change: Callable[[mp4.MP4Tags], None]) -> bytes:
    stream = io.BytesIO(sound("aac", "ipod"))
    file: Any = mp4.MP4(stream)
    if file.tags is None:
        file.add_tags()
    file.tags["\xa9nam"] = ["Song"]
    file.tags["covr"] = [mp4.MP4Cover(COVER, mp4.MP4Cover.FORMAT_JPEG)]
    file.tags["----:com.apple.iTunes:own"] = [b"value"]
    change(file.tags)
    stream.seek(0)
    file.save(stream, padding=lambda _: 0)
    return stream.getvalue()


def m4a_number() -> bytes:
    """The genre as older programs wrote it: 10 is Metal, by the list of ID3v1 counted from one."""
    data = m4a()
    text = data[data.index(b"\xa9gen") - 4 :]
    old = text[: int.from_bytes(text[:4], "big")]
    item = struct.pack(">L4sLLH", 18, b"data", 0, 0, 10)
    new = struct.pack(">L4s", 8 + len(item), b"gnre") + item
    assert len(new) <= len(old) + 8
    fill = len(old) - len(new)
    if fill:
        # Kept as long as it was, by a longer title beside it.
        title = data[data.index(b"\xa9nam") - 4 :]
        item = title[: int.from_bytes(title[:4], "big")]
        inner = item[8:] + b"g" * fill
        inner = struct.pack(">L", len(inner)) + inner[4:]
        longer = struct.pack(">L4s", len(inner) + 8, b"\xa9nam") + inner
        data = data.replace(item, longer, 1)
    return data.replace(old, new, 1)


def wma() -> bytes:
    stream = io.BytesIO(sound("wmav2", "asf"))
    file: Any = asf.ASF(stream)
    file.tags["Title"] = ["Song"]
    file.tags["WM/Genre"] = ["Metal"]
    file.tags["WM/Own"] = [_attrs.ASFByteArrayAttribute(COVER[:500])]
    stream.seek(0)
    file.save(stream)
    return stream.getvalue()


def aiff() -> bytes:
    return _chunked(sound("pcm_s16be", "aiff"), AIFF)


def wav() -> bytes:
    return _chunked(sound("pcm_s16le", "wav"), WAVE)


def wav_plain() -> bytes:
    return sound("pcm_s16le", "wav")


def _chunked(data: bytes, kind: Callable[..., Any]) -> bytes:
    stream = io.BytesIO(data)
    file = kind(stream)
    file.add_tags()
    file.tags.add(id3.TIT2(encoding=3, text="Song"))
    file.tags.add(id3.TCON(encoding=3, text="Metal"))
    stream.seek(0)
    file.tags.save(stream, v2_version=3, padding=lambda _: 0)
    return stream.getvalue()


FORMATS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "ID3v2.2": ("mp3", mp3_v22),
    "ID3v2.3 and ID3v1": ("mp3", mp3_v23),
    "ID3v2.3, unsynchronized": ("mp3", mp3_v23_unsynchronized),
    "ID3v2.3, UTF-16": ("mp3", mp3_v23_utf16),
    "ID3v2.4": ("mp3", mp3_v24),
    "ID3v2.4, APE and ID3v1": ("mp3", mp3_ape),
    "ID3v1 only": ("mp3", mp3_v1),
    "MP3 without a tag": ("mp3", mp3_plain),
    "FLAC": ("flac", flac_cover),
    "FLAC, joined": ("flac", flac_joined),
    "Ogg Vorbis": ("ogg", ogg),
    "Ogg Vorbis, large": ("ogg", ogg_full),
    "Opus": ("opus", opus),
    "MP4": ("m4a", m4a),
    "MP4, number": ("m4a", m4a_number),
    "MP4 without a tag": ("m4a", m4a_plain),
    "ASF": ("wma", wma),
    "AIFF": ("aiff", aiff),
    "WAVE": ("wav", wav),
    "WAVE without a tag": ("wav", wav_plain),
}
"""What a file is called after, its suffix, and its content."""


def write_formats(folder: Path) -> dict[str, Path]:
    """Every format as a file in the folder, by name."""
    folder.mkdir(exist_ok=True)
    found = {}
    for number, (name, (suffix, make)) in enumerate(FORMATS.items()):
        found[name] = folder / f"{number:02}.{suffix}"
        found[name].write_bytes(make())
    return found
