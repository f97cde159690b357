"""MP3s made block by block: together one recording, wherever somebody begins to listen."""

from __future__ import annotations

import io
import wave
from pathlib import Path

import av
import numpy as np
import pytest

from catalog.audio.audio_error import AudioError
from catalog.web.media.excerpt import Excerpt
from catalog.web.media.transcode import (
    BLOCK_BYTES,
    FRAME,
    FRAME_BYTES,
    RATE,
    byte_count,
    encode_block,
    frame_count,
    silent_block,
)

SOURCE_RATE = 44_100
LEVEL = 12_000 / 32_768 / np.sqrt(2)
"""Of each of two channels that one is divided among."""
DELAY = 1_105
"""Samples by which an encoder and a decoder of MP3 are late together (LAME 3.100, 528 + 1 + 576)."""


def write_chirp(path: Path, seconds: float) -> None:
    """A tone that rises all the time, so that no two places sound the same."""
    time = np.arange(int(seconds * SOURCE_RATE)) / SOURCE_RATE
    tone = np.sin(2 * np.pi * (200 + 10 * time) * time)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SOURCE_RATE)
        file.writeframes((12_000 * tone).astype("<i2").tobytes())


def heard(recording: bytes) -> np.ndarray:
    """The left channel, -1 to 1."""
    with av.open(io.BytesIO(recording)) as container:
        return np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])


def test_joined_blocks_are_the_sound_itself_without_a_seam(tmp_path: Path) -> None:
    stretch = Excerpt(5.0, 56.0)
    write_chirp(tmp_path / "a.wav", 60)
    blocks = [encode_block(tmp_path / "a.wav", stretch, number) for number in range(6)]
    assert [len(block) for block in blocks[:5]] == [BLOCK_BYTES] * 5
    recording = b"".join(blocks)
    assert len(recording) == byte_count(stretch) == frame_count(stretch) * FRAME_BYTES
    found = heard(recording)
    assert len(found) == pytest.approx(51 * RATE, abs=2 * FRAME)
    place = np.arange(DELAY + 1, len(found) - FRAME)
    time = 5.0 + (place - DELAY) / RATE
    expected = LEVEL * np.sin(2 * np.pi * (200 + 10 * time) * time)
    apart = np.abs(found[place] - expected)
    assert apart.max() < 0.1 * LEVEL, "nobody hears where a block ends"


def test_a_block_by_itself_is_those_seconds(tmp_path: Path) -> None:
    stretch = Excerpt(0.0, 60.0)
    write_chirp(tmp_path / "a.wav", 60)
    third = heard(encode_block(tmp_path / "a.wav", stretch, 2))
    crossings = np.count_nonzero(np.diff(np.signbit(third[RATE : 2 * RATE])))
    assert crossings / 2 == pytest.approx(200 + 2 * 10 * (19.2 + 1.5), abs=3), "the pitch of those seconds"


def test_what_is_missing_is_silent_and_what_is_no_sound_is_said(tmp_path: Path) -> None:
    write_chirp(tmp_path / "short.wav", 7)
    promised = Excerpt(0.0, 25.0)
    found = heard(encode_block(tmp_path / "short.wav", promised, 0))
    assert np.abs(found[: 6 * RATE]).max() > 0.2
    assert np.abs(found[8 * RATE :]).max() < 0.001
    with pytest.raises(AudioError, match="the audio cannot be decoded"):
        encode_block(tmp_path / "short.wav", promised, 1)
    silence = silent_block(promised, 2)
    assert len(silence) == byte_count(promised) - 2 * BLOCK_BYTES
    assert np.abs(heard(silence)).max() < 0.001
    (tmp_path / "bad.wav").write_bytes(b"RIFF" + bytes(200))
    with pytest.raises(AudioError):
        encode_block(tmp_path / "bad.wav", promised, 0)
