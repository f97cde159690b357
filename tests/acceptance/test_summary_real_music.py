"""`summary` against librosa on real recordings, where those are at hand."""

from pathlib import Path

import pytest

from catalog.audio.decoding.decode import decode
from catalog.audio.feature_sets.summary import SUMMARY
from tests.unit.audio.conformance import TOLERANCES, differences

DATA = Path(__file__).parents[3] / "shared" / "data"
SECONDS = 10


def recordings():
    """A few of each kind: mp3 at 44.1 kHz, flac, and mp3 that hold nothing above 8 kHz."""
    kinds = (
        (DATA / "fma" / "audio", "*.mp3", 3),
        (DATA / "gtzan100", "*.flac", 20),
        (DATA / "tagged_mp3", "*.mp3", 60),
    )
    return [path for folder, pattern, step in kinds for path in sorted(folder.rglob(pattern))[::step]]


@pytest.mark.skipif(not recordings(), reason=f"there is no music in {DATA}")
@pytest.mark.parametrize("path", recordings(), ids=lambda path: path.name)
def test_every_family_is_what_librosa_makes_of_a_recording(path):
    samples = decode(path).at(SUMMARY.sample_rate).samples[: SECONDS * SUMMARY.sample_rate]
    found = differences(samples)
    assert {name: off for name, off in found.items() if not off <= TOLERANCES[name]} == {}
