"""The networks against what the original TensorFlow graph gave, on recordings that are no part of the project.

The folder is named by MUSIC_CATALOG_DATA, or lies beside the checkout as shared/data.
"""

import os
from pathlib import Path

import librosa
import numpy as np
import pytest

from catalog.audio.audio_error import AudioError
from catalog.audio.decoding.decode import decode
from catalog.audio.feature_set import Waveform
from catalog.audio.feature_sets import musicnn

DATA = Path(os.environ.get("MUSIC_CATALOG_DATA", Path(__file__).parents[3] / "shared" / "data"))


def existing(*parts):
    path = DATA.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"{path} is not here; MUSIC_CATALOG_DATA names the folder with the recordings")
    return path


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # librosa.load's own, of modules it imports
def test_tags_are_those_of_the_original_graph():
    """Decoded by librosa.load, not levelled, patches side by side: how the golden tags were made."""
    folder = existing("fma", "audio")
    with np.load(existing("musicnn", "golden_tags_msd.npz"), allow_pickle=False) as golden:
        for name in golden.files:
            samples, _ = librosa.load(folder / name, sr=musicnn.SAMPLE_RATE)
            np.testing.assert_allclose(musicnn.tags(samples, "msd"), golden[name], atol=1e-4)


@pytest.mark.parametrize("decibels", [6, 12, 20])
def test_a_quieter_recording_has_the_same_vector(decibels):
    for path in sorted(existing("fma", "audio").iterdir())[:2]:
        waveform = decode(path).at(musicnn.SAMPLE_RATE)
        quiet = (waveform.samples * 10 ** (-decibels / 20) * 32_768).round().astype(np.int16)
        vectors = [
            musicnn.compute(Waveform(samples, musicnn.SAMPLE_RATE))
            for samples in (waveform.samples, quiet.astype(np.float32) / 32_768)
        ]
        cosine = vectors[0] @ vectors[1] / np.linalg.norm(vectors[0]) / np.linalg.norm(vectors[1])
        assert cosine > 0.99


def test_files_whose_first_frame_lies_are_decoded_whole():
    lengths: list[object] = []
    for path in sorted(existing("tagged_mp3").iterdir())[::4]:
        try:
            decoded = decode(path)
        except AudioError as failure:
            lengths.append(failure.reason)
        else:
            lengths.append(
                (round(decoded.stream.duration, 1), round(sum(run.seconds for run in decoded.runs), 2))
            )
    assert set(lengths) <= {(30.1, 30.0), "too-short"}
    assert len(lengths) - lengths.count("too-short") > 80
