import librosa
import numpy as np
import pytest

from catalog.audio.kernels.spectrum import spectrum
from tests.unit.audio.sounds import chords


@pytest.mark.filterwarnings("ignore:n_fft=2048 is too large")
@pytest.mark.parametrize("samples", [1, 511, 512, 2047, 11_025, 16_384, 40_001])
def test_the_spectrum_is_bit_for_bit_that_of_librosa(samples):
    sound = chords(2.0)[:samples]
    found = spectrum(sound)
    np.testing.assert_array_equal(found.by_frame.T, np.abs(librosa.stft(sound)))
    np.testing.assert_array_equal(found.blocks.matrix(), found.by_frame.T)
