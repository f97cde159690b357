"""A stretch of sound as an MP3, which every browser plays, for what it does not play as it is: block by block, on demand.

Every frame of it is 24 ms and 480 bytes, so that a place in the sound is a place in the bytes: nobody waits for what comes
before the place where he listens.
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
"""Hz. At this rate a frame of the bit rate below has whole bytes, and needs no padding."""
BITS_A_SECOND = 160_000
FRAME = 1_152
"""Samples."""
FRAME_BYTES = BITS_A_SECOND // 8 * FRAME // RATE
BLOCK = 400
"""Frames that are made at once: 9.6 s, in a fifth of a second."""
BLOCK_BYTES = BLOCK * FRAME_BYTES
LEAD = 4
"""Frames that are encoded before a block, and thrown away: each frame continues the one before it."""
TAIL = 3
"""And behind it: the encoder looks ahead."""
EFFORT = "7"
"""LAME's, 0 to 9: somebody is waiting, and this takes half the time of the usual 5."""
MEDIA_TYPE = "audio/mpeg"

Samples = npt.NDArray[np.int16]


def frame_count(stretch: Excerpt) -> int:
    """How many frames the MP3 of a stretch has."""
    return max(1, math.ceil(stretch.seconds * RATE / FRAME))


def byte_count(stretch: Excerpt) -> int:
    """How many bytes the MP3 of a stretch has."""
    return frame_count(stretch) * FRAME_BYTES


def encode_block(path: Name, stretch: Excerpt, number: int) -> bytes:
    """A block of the stretch's MP3, counted from 0; the last one is shorter.

    Blocks are made each by itself, and joined they are one recording. Where the sound ends before the stretch does there is silence.
    Raises AudioError where there is nothing to hear in the block at all.
    """
    first = number * BLOCK
    wanted = min(BLOCK, frame_count(stretch) - first)
    samples = _stereo(path, stretch, (first - LEAD) * FRAME, (LEAD + wanted + TAIL) * FRAME)
    return b"".join(_encoded(samples)[LEAD : LEAD + wanted])


def silent_block(stretch: Excerpt, number: int) -> bytes:
    """A block in which there is nothing to hear, of the length that it would have."""
    wanted = min(BLOCK, frame_count(stretch) - number * BLOCK)
    return b"".join(_encoded(np.zeros((2, (LEAD + wanted + TAIL) * FRAME), np.int16))[LEAD : LEAD + wanted])


def _stereo(path: Name, stretch: Excerpt, first: int, count: int) -> Samples:
    """(2, count): the samples at 48,000 Hz from one on, counted from the beginning of the stretch; 0 where there is no sound."""
    begin = stretch.begin + first / RATE
    samples = np.zeros((2, count), np.int16)
    resampler = av.AudioResampler(format="s16p", layout="stereo", rate=RATE)
    place: int | None = None
    with MediaFile(path) as source:
        for second, frame in timed_frames(source, Excerpt(begin, begin + count / RATE)):
            if place is None:
                place = round((second - begin) * RATE)
            frame.pts = None
            for each in resampler.resample(frame):
                place = _put(samples, place, each)
        source.check()
    if place is None:
        raise AudioError("undecodable", "the decoder could make nothing of its sound")
    for each in resampler.resample(None):
        place = _put(samples, place, each)
    return samples


def _put(samples: Samples, place: int, frame: AudioFrame) -> int:
    """Copies what of the frame lies inside; gives the place behind it."""
    found = frame.to_ndarray()
    end: int = place + found.shape[1]
    begin, stop = max(place, 0), min(end, samples.shape[1])
    if begin < stop:
        samples[:, begin:stop] = found[:, begin - place : stop - place]
    return end


def _encoded(samples: Samples) -> list[bytes]:
    """The frames of an MP3, the same length all."""
    encoder = av.CodecContext.create("libmp3lame", "w")
    assert isinstance(encoder, AudioCodecContext), "it encodes sound"
    encoder.format, encoder.layout, encoder.sample_rate = "s16p", "stereo", RATE
    encoder.bit_rate = BITS_A_SECOND
    # Without the reservoir no frame borrows from the one before it: each may follow any other.
    encoder.options = {"compression_level": EFFORT, "reservoir": "0"}
    packets = []
    for begin in range(0, samples.shape[1], FRAME):
        frame = AudioFrame.from_ndarray(
            np.ascontiguousarray(samples[:, begin : begin + FRAME]), format="s16p", layout="stereo"
        )
        frame.sample_rate, frame.pts = RATE, None
        packets += encoder.encode(frame)
    return [bytes(packet) for packet in (*packets, *encoder.encode(None))]
