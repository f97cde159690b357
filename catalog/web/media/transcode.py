"""Transcodes an excerpt to MP3 in blocks, on demand, for files that browsers do not play.

Every MP3 frame has 24 ms and 480 bytes, so a time maps to a byte position: playback can start anywhere without encoding
the part before it.
"""

from __future__ import annotations

import math

import av
import numpy as np
import numpy.typing as npt
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame

from catalog.audio.audio_error import AudioError
from catalog.audio.decoding.media_file import MediaFile, Name
from catalog.web.media.excerpt import Excerpt, timed_frames

RATE = 48_000
"""Hz. At this rate and the bit rate below, a frame has a whole number of bytes and needs no padding."""
BIT_RATE = 160_000
FRAME = 1_152
"""Samples."""
FRAME_BYTES = BIT_RATE // 8 * FRAME // RATE
BLOCK = 400
"""Frames in a block: 9.6 s, encoded in 0.2 s."""
BLOCK_BYTES = BLOCK * FRAME_BYTES
LEAD = 4
"""Frames encoded before a block and discarded, because each frame overlaps with the previous one."""
TAIL = 3
"""Frames encoded after a block and discarded, because the encoder looks ahead."""
EFFORT = "7"
"""Compression level of LAME, 0 to 9. 7 takes half the time of the default 5."""
MEDIA_TYPE = "audio/mpeg"

Samples = npt.NDArray[np.int16]


def frame_count(excerpt: Excerpt) -> int:
    """Number of MP3 frames of an excerpt."""
    return max(1, math.ceil(excerpt.seconds * RATE / FRAME))


def byte_count(excerpt: Excerpt) -> int:
    """Number of MP3 bytes of an excerpt."""
    return frame_count(excerpt) * FRAME_BYTES


def encode_block(path: Name, excerpt: Excerpt, number: int) -> bytes:
    """Block `number` of the MP3 of an excerpt, counted from 0; the last block is shorter.

    Blocks are encoded independently and form one MP3 when joined. Missing audio at the end is silence. Raises
    AudioError if nothing in the block can be decoded.
    """
    first = number * BLOCK
    length = min(BLOCK, frame_count(excerpt) - first)
    samples = _stereo(path, excerpt, (first - LEAD) * FRAME, (LEAD + length + TAIL) * FRAME)
    return b"".join(_encoded(samples)[LEAD : LEAD + length])


def silent_block(excerpt: Excerpt, number: int) -> bytes:
    """A silent block of the same length."""
    length = min(BLOCK, frame_count(excerpt) - number * BLOCK)
    return b"".join(_encoded(np.zeros((2, (LEAD + length + TAIL) * FRAME), np.int16))[LEAD : LEAD + length])


def _stereo(path: Name, excerpt: Excerpt, first: int, count: int) -> Samples:
    """Samples (2, count) at 48,000 Hz from sample `first` of the excerpt; 0 where there is no audio."""
    begin = excerpt.begin + first / RATE
    samples = np.zeros((2, count), np.int16)
    resampler = av.AudioResampler(format="s16p", layout="stereo", rate=RATE)
    place: int | None = None
    with MediaFile(path) as source:
        for second, frame in timed_frames(source, Excerpt(begin, begin + count / RATE)):
            if place is None:
                place = round((second - begin) * RATE)
            frame.pts = None
            for part in resampler.resample(frame):
                place = _copy(samples, place, part)
        source.check()
    if place is None:
        raise AudioError("undecodable", "the audio cannot be decoded")
    for part in resampler.resample(None):
        place = _copy(samples, place, part)
    return samples


def _copy(samples: Samples, place: int, frame: AudioFrame) -> int:
    """Copies the part of the frame within the array; returns the position after the frame."""
    values = frame.to_ndarray()
    end: int = place + values.shape[1]
    begin, stop = max(place, 0), min(end, samples.shape[1])
    if begin < stop:
        samples[:, begin:stop] = values[:, begin - place : stop - place]
    return end


def _encoded(samples: Samples) -> list[bytes]:
    """MP3 frames of equal length."""
    encoder = av.CodecContext.create("libmp3lame", "w")
    assert isinstance(encoder, AudioCodecContext), "libmp3lame is an audio encoder"
    encoder.format, encoder.layout, encoder.sample_rate = "s16p", "stereo", RATE
    encoder.bit_rate = BIT_RATE
    # Without the bit reservoir, frames are independent and can follow any other frame.
    encoder.options = {"compression_level": EFFORT, "reservoir": "0"}
    packets = []
    for begin in range(0, samples.shape[1], FRAME):
        frame = AudioFrame.from_ndarray(
            np.ascontiguousarray(samples[:, begin : begin + FRAME]), format="s16p", layout="stereo"
        )
        frame.sample_rate, frame.pts = RATE, None
        packets += encoder.encode(frame)
    return [bytes(packet) for packet in (*packets, *encoder.encode(None))]
