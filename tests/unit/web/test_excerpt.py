"""The part of a track that is shown, and its pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.audio.audio_error import AudioError
from catalog.audio.decoding.media_file import MediaFile
from catalog.web.media.excerpt import Excerpt, excerpt_of, frames
from catalog.web.media.track_images import mel_decibels, render_images, waveform_peaks
from tests.integration.workers.sound import write_sound


def test_all_of_a_short_track_and_the_middle_of_a_long_one() -> None:
    assert excerpt_of(200) == Excerpt(0, 200)
    assert excerpt_of(600) == Excerpt(0, 600)
    assert excerpt_of(3_600) == Excerpt(1_500, 2_100)


def test_the_frames_are_those_of_the_stretch(tmp_path: Path) -> None:
    write_sound(tmp_path / "a.wav", seconds=40)
    with MediaFile(tmp_path / "a.wav") as source:
        found = list(frames(source, Excerpt(10, 30)))
    assert sum(frame.samples for frame in found) / 8_000 == pytest.approx(20, abs=0.5)
    assert found[0].time == pytest.approx(10, abs=0.3)


@given(st.integers(1, 5_000), st.floats(0, 4))
def test_an_outline_has_its_length_and_the_loudest_is_a_hundred(number: int, level: float) -> None:
    samples = (np.random.default_rng(number).standard_normal(number) * level).astype(np.float32)
    peaks = waveform_peaks(samples)
    assert len(peaks) == 600
    assert max(peaks) == (100 if np.abs(samples).max() > 0 else 0)
    assert min(peaks) >= 0


def test_silence_has_a_picture() -> None:
    rows = mel_decibels(np.zeros(3_000, np.float32))
    assert rows.shape == (128, 1_000)
    assert np.isfinite(rows).all()


def test_what_is_no_sound_has_no_picture(tmp_path: Path) -> None:
    (tmp_path / "bad.wav").write_bytes(b"RIFF" + bytes(200))
    with pytest.raises(AudioError):
        render_images(tmp_path / "bad.wav", Excerpt(0, 5))
