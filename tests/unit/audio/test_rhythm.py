import librosa
import numpy as np
import pytest

from catalog.audio.kernels import rhythm
from tests.unit.audio.sounds import RATE, clicks


def strength_of(sound):
    return librosa.onset.onset_strength(y=sound)


@pytest.mark.parametrize("beats", [75, 100, 140])
def test_the_tempo_of_clicks_is_their_pace(beats):
    assert rhythm.tempo(strength_of(clicks(10.0, beats))) == pytest.approx(beats, rel=0.03)


@pytest.mark.parametrize("seed", range(20))
def test_the_tempo_is_that_of_librosa_for_any_onset_strength(seed):
    generator = np.random.default_rng(seed)
    strength = generator.gamma(0.3, size=generator.integers(20, 1500)).astype(np.float32)
    expected = librosa.feature.tempo(onset_envelope=strength)[0]
    assert rhythm.tempo(strength) == pytest.approx(expected)


def test_nothing_that_begins_has_no_tempo():
    assert rhythm.tempo(np.zeros(500, np.float32)) == 0
    assert rhythm.onset_rate(np.zeros(500, np.float32), 11.6) == 0


def test_onsets_are_counted_a_second():
    sound = clicks(10.0, 120)
    assert rhythm.onset_rate(strength_of(sound), len(sound) / RATE) == pytest.approx(2.0, abs=0.15)
