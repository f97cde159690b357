import librosa
import numpy as np
import pytest

from catalog.audio.kernels.spectrum import spectrum
from catalog.audio.kernels.tuning import tuning
from tests.unit.audio.sounds import SOUNDS, chords


@pytest.mark.parametrize("cents", [-40, -13, 0, 22, 45])
def test_the_tuning_of_chords_is_found(cents):
    # The bins of the spectrum are 10.8 Hz apart: interpolation between them is a little off.
    assert tuning(spectrum(chords(3.0, cents)).by_frame) == pytest.approx(cents / 100, abs=0.06)


@pytest.mark.parametrize("sound", SOUNDS)
def test_the_tuning_is_that_of_librosa(sound):
    samples = SOUNDS[sound](3.0)
    assert tuning(spectrum(samples).by_frame) == librosa.estimate_tuning(y=samples)


def test_silence_is_in_tune():
    assert tuning(np.zeros((30, 1025), np.float32)) == 0
