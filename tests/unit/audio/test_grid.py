"""The picture of a sound: where things lie in it, and what does not change it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from catalog.audio.feature_set import Waveform
from catalog.audio.feature_sets import clip as clips
from catalog.audio.feature_sets import summary
from catalog.audio.feature_sets.analysis import analyze
from catalog.audio.feature_sets.grid import GRID, RANGE, SIDE, grid
from catalog.audio.kernels.spectrum import spectrum
from tests.unit.audio.sounds import RATE, band


def picture(samples):
    return GRID.compute(Waveform(np.asarray(samples, np.float32), RATE)).reshape(SIDE, SIDE)


def test_a_cell_is_the_mean_of_its_decibels():
    power = np.random.default_rng(0).random((128, 640))
    level = 10 * np.log10(power / power.max())
    np.testing.assert_allclose(grid(power), level.reshape(64, 2, 64, 10).mean(axis=(1, 3)), atol=1e-5)


@pytest.mark.parametrize("frames", [1, 22, 63, 64, 65, 100, 1292])
def test_equal_stretches_of_time_whatever_the_number_of_frames(frames):
    power = np.random.default_rng(1).random((64, frames)) + 0.01
    level = 10 * np.log10(power / power.max())
    fine = np.repeat(level, SIDE, axis=1).reshape(SIDE, SIDE, frames).mean(axis=2)
    np.testing.assert_allclose(grid(power), fine, atol=1e-4)


@given(
    arrays(np.float32, st.tuples(st.just(128), st.integers(1, 90)), elements=st.floats(0, 2.0**60, width=32))
)
def test_between_the_range_and_nothing(power):
    found = grid(power)
    assert found.shape == (SIDE, SIDE)
    assert found.dtype == np.float32
    assert ((found >= -RANGE) & (found <= 0)).all()


def test_a_tone_lies_in_its_band_and_a_sound_in_its_time():
    time = np.arange(2 * RATE) / RATE
    low, high = (
        picture(0.1 * np.sin(2 * np.pi * pitch * time)).mean(axis=1).argmax() for pitch in (220, 7_000)
    )
    assert low < 8
    assert high > 48
    late = picture(np.concatenate([np.zeros(RATE), band(1.0)])).mean(axis=0)
    assert late[:30].max() < -70
    assert late[34:].min() > -60


def test_the_level_makes_no_difference():
    np.testing.assert_allclose(picture(band(2.0)), picture(band(2.0) * np.float32(0.01)), atol=0.01)


def test_silence_is_black():
    assert (picture(np.zeros(RATE)) == -RANGE).all()


def test_summary_and_grid_share_one_spectrum(encode, sweep, tmp_path, monkeypatch):
    made = []

    def counted(samples):
        made.append(samples)
        return spectrum(samples)

    monkeypatch.setattr(clips, "spectrum", counted)
    song = encode(tmp_path / "a.flac", sweep(1, 44_100))
    both = analyze(song, [summary.SUMMARY, GRID])
    assert len(made) == 1
    assert not len(clips._clips)
    for features in (summary.SUMMARY, GRID):
        alone = analyze(song, [features])
        np.testing.assert_array_equal(alone.vectors[features.name], both.vectors[features.name])
