import librosa
import numpy as np
import pytest

from catalog.audio.kernels.harmonic_percussive import harmonic_percussive
from catalog.audio.kernels.spectrum import spectrum
from tests.unit.audio.sounds import SOUNDS


@pytest.mark.parametrize("sound", SOUNDS)
@pytest.mark.parametrize("seconds", [0.5, 3.0])
def test_both_parts_are_bit_for_bit_those_of_librosa(sound, seconds):
    whole = spectrum(SOUNDS[sound](seconds))
    harmonic, percussive = harmonic_percussive(whole)
    expected = librosa.decompose.hpss(whole.blocks.matrix())
    np.testing.assert_array_equal(harmonic.matrix(), expected[0])
    np.testing.assert_array_equal(percussive.matrix(), expected[1])


def test_the_parts_add_up_to_the_whole():
    whole = spectrum(SOUNDS["pauses"](3.0))
    harmonic, percussive = harmonic_percussive(whole)
    np.testing.assert_allclose(harmonic.blocks + percussive.blocks, whole.blocks.blocks, rtol=1e-6)


def test_what_rings_is_harmonic_and_what_strikes_is_percussive():
    def share(sound):
        harmonic, percussive = harmonic_percussive(spectrum(sound))
        sounds, strikes = (np.square(part.blocks).sum() for part in (harmonic, percussive))
        return sounds / (sounds + strikes)

    assert share(SOUNDS["chords"](3.0)) > 0.8
    assert share(SOUNDS["clicks"](3.0)) < 0.2
