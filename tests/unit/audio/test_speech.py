"""Talk is told from music and from noise."""

import shutil
import subprocess

import numpy as np
import pytest

from catalog.audio.feature_set import Waveform
from catalog.audio.feature_sets.analysis import analyze
from catalog.audio.feature_sets.musicnn import MUSICNN
from catalog.audio.feature_sets.musicnn_model import tag_names
from catalog.audio.feature_sets.speech import NO_VOICES, VOICES, speech_probability

TEXT = (
    "This is the evening news. The council met on Tuesday to talk about the bridge over the river, which has been "
    "closed since the spring. Repairs will take until the end of next year, a speaker said, and cost more than "
    "was expected. Tomorrow it will be cloudy, with some rain in the north and a light wind from the west."
)


def vector(**tags):
    values = dict.fromkeys(MUSICNN.dimensions, 0.0)
    values.update({f"{name.replace('_', '.tag.', 1)}": value for name, value in tags.items()})
    return np.array(list(values.values()), np.float32)


def test_the_formula():
    assert speech_probability(vector(mtt_voice=0.3)) == pytest.approx(1, abs=1e-4)
    assert speech_probability(vector(mtt_male=0.1, mtt_female=0.05, mtt_guitar=0.9)) == pytest.approx(0.25)
    assert speech_probability(vector(mtt_voice=0.9, mtt_guitar=0.9, mtt_drums=0.9)) < 1e-4
    assert speech_probability(vector()) == 0
    assert set(tag_names()["mtt"]) > VOICES | NO_VOICES


@pytest.mark.skipif(
    shutil.which("espeak-ng") is None, reason="espeak-ng is not installed (apt-get install espeak-ng)"
)
@pytest.mark.parametrize("voice", ["en-us", "en-gb+f3", "de"])
def test_talk(voice, tmp_path):
    path = tmp_path / "talk.wav"
    subprocess.run(["espeak-ng", "-v", voice, "-w", path, TEXT], check=True)
    probability = analyze(path, [MUSICNN]).speech_probability
    assert probability is not None
    assert probability > 0.5


def test_noise_tones_and_a_tune_are_no_talk():
    t = np.arange(16_000 * 8) / 16_000
    noise = np.random.default_rng(0).standard_normal(len(t))
    chord = sum(np.sin(2 * np.pi * pitch * t) for pitch in (220, 277, 330)) * np.exp(-3 * (t * 2 % 1))
    for samples in (noise, np.sin(2 * np.pi * 440 * t), np.sign(np.sin(2 * np.pi * 220 * t)), chord):
        sound = Waveform((0.2 * samples).astype(np.float32), 16_000)
        assert speech_probability(MUSICNN.compute(sound)) < 0.25
