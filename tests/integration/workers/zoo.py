"""The zoo of bad input: a file for each thing that can be wrong with one, and what has to come of it."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from mutagen.id3 import APIC, ID3

RATE = 22_050
COVER = 50_000_000  # bytes
HEARD = "a vector"


def tone(seconds: float, rate: int = RATE, channels: int = 1) -> np.ndarray:
    """(n, channels): a little tune in noise."""
    time = np.arange(round(seconds * rate)) / rate
    noise = np.random.default_rng(0).normal(0, 0.01, (len(time), channels))
    return (
        0.3 * np.sin(2 * np.pi * 220 * time)[:, np.newaxis] * np.exp(-3 * (time % 0.5))[:, np.newaxis] + noise
    )


def wave(
    samples: np.ndarray,
    rate: int = RATE,
    kind: str = "<i2",
    *,
    claimed_bytes: int | None = None,
    claimed_channels: int | None = None,
) -> bytes:
    """A WAV file; its header may claim anything."""
    data = np.clip(samples * 32_767, -32_768, 32_767).astype(kind) if kind == "<i2" else samples.astype(kind)
    channels = claimed_channels or samples.shape[1]
    width = data.dtype.itemsize
    form = 1 if kind == "<i2" else 3
    head = struct.pack(
        "<HHIIHH", form, channels, rate, rate * channels * width & 0xFFFFFFFF, channels * width, 8 * width
    )
    size = data.nbytes if claimed_bytes is None else claimed_bytes
    return (
        b"RIFF" + struct.pack("<I", min(size + 36, 0xFFFFFFFF)) + b"WAVEfmt " + struct.pack("<I", 16) + head
        + b"data" + struct.pack("<I", size) + data.tobytes()
    )  # fmt: skip


def mp3(path: Path, seconds: float = 3) -> bytes:
    samples = (tone(seconds, 44_100).T * 32_767).astype(np.int16)
    with av.open(path, "w", format="mp3") as container:
        stream = container.add_stream("libmp3lame", rate=44_100, layout="mono")
        stream.bit_rate = 64_000
        for start in range(0, samples.shape[1], 1152):
            frame = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(samples[:, start : start + 1152]), format="s16p", layout="mono"
            )
            frame.sample_rate, frame.pts = 44_100, start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path.read_bytes()


def picture(_path: Path) -> bytes:
    context = av.CodecContext.create("png", "w")
    context.width = context.height = 64
    context.pix_fmt, context.time_base = "rgb24", Fraction(1)
    return b"".join(bytes(packet) for packet in context.encode(av.VideoFrame(64, 64, "rgb24")))


def covered(path: Path) -> bytes:
    path.write_bytes(mp3(path))
    tags = ID3()
    tags.add(APIC(encoding=3, mime="image/png", type=3, data=np.random.default_rng(0).bytes(COVER)))
    tags.save(path)
    return path.read_bytes()


def broken_floats(whole: bool) -> bytes:
    samples = tone(2)
    samples[:: 1 if whole else 7] = np.nan
    samples[3::11] = np.inf
    return wave(samples, kind="<f4")


# name -> what is in the file, and what has to come of it: a vector, or the reason why there is none
ZOO: dict[str, tuple[Callable[[Path], bytes], str]] = {
    "sound.wav": (lambda _: wave(tone(2)), HEARD),
    "empty.mp3": (lambda _: b"", "empty"),
    "one-sample.wav": (lambda _: wave(np.ones((1, 1))), "too-short"),
    "under-half-a-second.wav": (lambda _: wave(tone(0.45)), "too-short"),
    "half-a-second.wav": (lambda _: wave(tone(0.5)), HEARD),
    "silence.wav": (lambda _: wave(np.zeros((2 * RATE, 1))), "silent"),
    "some-nan.wav": (lambda _: broken_floats(whole=False), HEARD),
    "nothing-but-nan.wav": (lambda _: broken_floats(whole=True), "silent"),
    "huge-floats.wav": (lambda _: wave(np.sign(tone(2)) * 3e38, kind="<f4"), "silent"),
    "over-full-scale.wav": (lambda _: wave(tone(2) * 1e4, kind="<f4"), HEARD),
    "clipped.wav": (lambda _: wave(np.clip(tone(2) * 100, -1, 1)), HEARD),
    "direct-current.wav": (lambda _: wave(np.full((2 * RATE, 1), 0.6)), HEARD),
    "truncated.mp3": (lambda path: mp3(path)[:9_000], HEARD),
    "text.mp3": (lambda _: b"To whom it may concern: this is no music.\n" * 200, "not-audio"),
    "picture.mp3": (picture, "not-audio"),
    "claims-two-billion-frames.wav": (lambda _: wave(tone(2), claimed_bytes=0xFFFFFFFE), HEARD),
    "half-the-true-rate.wav": (lambda _: wave(tone(2), rate=RATE // 2), HEARD),
    "eight-times-the-true-rate.wav": (lambda _: wave(tone(8), rate=8 * RATE), HEARD),
    "no-rate.wav": (lambda _: wave(tone(2), rate=0), "not-audio"),
    "a-hertz.wav": (lambda _: wave(tone(2), rate=1), "undecodable"),
    "eight-channels.wav": (lambda _: wave(tone(2, channels=8)), HEARD),
    "cover-of-50-megabytes.mp3": (covered, HEARD),
}  # fmt: skip
PIPE = "pipe.mp3"


def fill(folder: Path) -> dict[str, str]:
    """Puts the zoo into a folder; gives what has to come of each file by its name."""
    for name, (content, _) in ZOO.items():
        (folder / name).write_bytes(content(folder / name))
    os.mkfifo(folder / PIPE)
    return {name: expected for name, (_, expected) in ZOO.items()} | {PIPE: "unreadable"}
