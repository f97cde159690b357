"""Sound for tests: small, seeded, encoded by PyAV into whatever format is asked for."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import cast

import av
import numpy as np
import pytest
from av import AudioStream

# suffix -> encoder, sample rate, container options
FORMATS = {
    "mp3": ("libmp3lame", 44_100),
    "flac": ("flac", 44_100),
    "ogg": ("vorbis", 44_100),
    "opus": ("libopus", 48_000),
    "m4a": ("aac", 44_100),
    "alac.m4a": ("alac", 44_100),
    "aac": ("aac", 44_100),
    "wma": ("wmav2", 44_100),
    "aiff": ("pcm_s16be", 44_100),
    "au": ("pcm_s16be", 44_100),
    "caf": ("pcm_s16le", 44_100),
    "wv": ("wavpack", 44_100),
    "tta": ("tta", 44_100),
    "ac3": ("ac3", 44_100),
    "webm": ("libopus", 48_000),
    "u8.wav": ("pcm_u8", 44_100),
    "s16.wav": ("pcm_s16le", 44_100),
    "s24.wav": ("pcm_s24le", 44_100),
    "s32.wav": ("pcm_s32le", 44_100),
    "s64.wav": ("pcm_s64le", 44_100),
    "f32.wav": ("pcm_f32le", 44_100),
    "f64.wav": ("pcm_f64le", 44_100),
    "alaw.wav": ("pcm_alaw", 8_000),
}

Encode = Callable[..., Path]


@pytest.fixture(scope="session")
def sweep() -> Callable[[float, int], np.ndarray]:
    """Stereo float32 (2, n): a slow sweep on the left, the same an octave up and softer on the right, some noise."""

    @cache
    def make(seconds: float, rate: int) -> np.ndarray:
        t = np.arange(round(seconds * rate)) / rate
        noise = np.random.default_rng(7).standard_normal((2, len(t))) * 0.01
        phase = 2 * np.pi * (200 * t + 5 * t**2)
        return (np.stack([0.4 * np.sin(phase), 0.2 * np.sin(2 * phase)]) + noise).astype(np.float32)

    return make


@pytest.fixture(scope="session")
def encode() -> Encode:
    """Writes samples (channels, n) to a file; its suffix says the format, unless an encoder is named."""

    def write(
        path: Path,
        samples: np.ndarray,
        *,
        encoder: str | None = None,
        rate: int | None = None,
        bit_rate: int | None = 128_000,
        options: dict[str, str] | None = None,
    ) -> Path:
        suffix = path.name.split(".", 1)[1]
        encoder, rate = encoder or FORMATS[suffix][0], rate or FORMATS[suffix][1]
        layout = "mono" if len(samples) == 1 else "stereo"
        with av.open(path, "w", options=options or {}) as container:
            stream = cast("AudioStream", container.add_stream(encoder, rate=rate, layout=layout))
            if bit_rate and not encoder.startswith("pcm"):
                stream.bit_rate = bit_rate
            if encoder == "vorbis":
                stream.codec_context.options = {"strict": "-2"}
            resampler = av.AudioResampler(format=stream.format, layout=layout, rate=rate)
            frame = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(samples, np.float32), format="fltp", layout=layout
            )
            frame.sample_rate = rate
            frame.pts = 0
            fifo = av.AudioFifo()
            for part in resampler.resample(frame):
                fifo.write(part)
            while (piece := fifo.read(stream.codec_context.frame_size or 4096, partial=True)) is not None:
                container.mux(stream.encode(piece))
            container.mux(stream.encode(None))
        return path

    return write
