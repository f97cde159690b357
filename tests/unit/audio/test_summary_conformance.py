import pytest

from tests.unit.audio.conformance import TOLERANCES, differences
from tests.unit.audio.sounds import SOUNDS


@pytest.mark.parametrize("sound", SOUNDS)
def test_every_family_is_what_librosa_makes_of_the_same_samples(sound):
    found = differences(SOUNDS[sound](4.0))
    assert {name: off for name, off in found.items() if not off <= TOLERANCES[name]} == {}
