"""One listening: everything it gives, for any name, the same each time."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from catalog.audio import extract
from catalog.audio.audio_error import AudioError
from catalog.audio.decoding.decode import decode
from catalog.audio.feature_set import FeatureSet, Waveform
from catalog.audio.feature_sets import analysis
from catalog.audio.feature_sets.analysis import analyze
from catalog.audio.feature_sets.installed import FeatureSetNotInstalledError
from catalog.audio.feature_sets.musicnn import MUSICNN


def recipe(name, rate, compute, dimensions=("x",)):
    return FeatureSet(name, 1, {}, dimensions, rate, compute, libraries=("numpy", "scipy"))


def mean(waveform):
    return np.array([np.abs(waveform.samples).mean()], np.float32)


@pytest.fixture(scope="module")
def song(encode, sweep, tmp_path_factory):
    return encode(tmp_path_factory.mktemp("song") / "a.flac", sweep(3, 44_100))


def test_one_decoding_serves_all_recipes(song, monkeypatch):
    decodings = []

    def counted(path):
        decodings.append(path)
        return decode(path)

    monkeypatch.setattr(analysis, "decode", counted)
    seen: dict[int, Waveform] = {}
    recipes = [
        recipe(f"r{n}", rate, lambda waveform, n=n: seen.setdefault(n, waveform) and mean(waveform))
        for n, rate in enumerate((8_000, 22_050, 8_000, 44_100))
    ]
    found = analyze(song, recipes)
    assert len(decodings) == 1
    assert [seen[n].sample_rate for n in range(4)] == [8_000, 22_050, 8_000, 44_100]
    assert seen[0] is seen[2]
    assert list(found.vectors) == ["r0", "r1", "r2", "r3"]
    assert found.speech_probability is None


def test_what_an_analysis_holds(song):
    found = analyze(song, [MUSICNN])
    vector = found.vectors["musicnn"]
    assert vector.shape == (500,)
    assert vector.dtype == np.float32
    assert (found.stream.codec, found.stream.sample_rate, found.stream.channels) == ("flac", 44_100, 2)
    assert found.stream.duration == pytest.approx(3)
    assert len(found.stream.audio_hash) == 32
    assert -20 < found.loudness < -8
    assert found.speech_probability is not None
    assert 0 <= found.speech_probability < 0.5
    assert json.loads(json.dumps(found.provenance)) == found.provenance
    assert found.provenance["windows"] == [[0.0, 3.0]]
    assert set(found.provenance["libraries"]) == {"av", "numpy", "onnxruntime", "soxr"}


def test_the_name_makes_no_difference(song, tmp_path):
    expected = analyze(song, [MUSICNN])
    name = os.fsencode(tmp_path) + b"/caf\xe9 \xff\n"
    try:
        shutil.copy(song, os.fsdecode(name))
    except OSError:
        name = os.fsencode(tmp_path) + b"/a b"
        shutil.copy(song, os.fsdecode(name))
    for path in (name, os.fsdecode(name), Path(os.fsdecode(name))):
        found = analyze(path, [MUSICNN])
        np.testing.assert_array_equal(found.vectors["musicnn"], expected.vectors["musicnn"])
        assert found.stream == expected.stream
        assert found.provenance == expected.provenance


def test_extract_needs_nothing_but_a_file_and_a_name(song):
    np.testing.assert_array_equal(extract(song, "musicnn"), analyze(song, [MUSICNN]).vectors["musicnn"])
    with pytest.raises(FeatureSetNotInstalledError, match="installed: "):
        extract(song, "nonsense")
    with pytest.raises(AudioError):
        extract(song.parent / "none.mp3", "musicnn")


def test_no_vector_with_a_number_that_is_none(song):
    with pytest.raises(AudioError, match="bad") as caught:
        analyze(song, [recipe("bad", 8_000, lambda waveform: mean(waveform) * np.float32(np.nan))])
    assert caught.value.reason == "not-finite"


@pytest.mark.parametrize("wrong", [np.zeros(2, np.float32), np.zeros(1), np.zeros((1, 1), np.float32)])
def test_a_recipe_that_breaks_its_word_is_an_error_and_no_bad_file(song, wrong):
    with pytest.raises(TypeError, match="r0"):
        analyze(song, [recipe("r0", 8_000, lambda _: wrong)])
