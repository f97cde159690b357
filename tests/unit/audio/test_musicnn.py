"""The musicnn recipe: its spectrum, its levels, its patches, and vectors that must not change unnoticed.

Run as a script this writes the golden vector anew: do so only with a new version of the recipe.
"""

import json
import subprocess
import sys
from pathlib import Path

import librosa
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.audio.feature_set import Waveform
from catalog.audio.feature_sets import musicnn, musicnn_model
from catalog.audio.feature_sets.analysis import analyze
from catalog.audio.feature_sets.musicnn import MUSICNN
from catalog.audio.feature_sets.musicnn_model import PATCH
from catalog.audio.loudness import loudness

GOLDEN = Path(__file__).parent / "golden_musicnn.json"


def music(seconds):
    """A tune of decaying tones over a beat of noise at 16 kHz, the same to the last bit on every machine."""
    n = np.arange(round(seconds * 16_000), dtype=np.uint64)
    noise = (n * n * np.uint64(2_654_435_761) % np.uint64(2**32)).astype(np.float64) / 2**31 - 1
    t = n.astype(np.float64) / 16_000
    pitch = 220 * 2 ** (np.array([0, 4, 7, 12, 7, 4, 5, 9])[(t * 2).astype(int) % 8] / 12)
    tone = np.sin(2 * np.pi * pitch * t) * np.exp(-6 * (t * 2 % 1)) + 0.3 * np.sin(2 * np.pi * 55 * t)
    return (0.3 * tone + 0.2 * noise * np.exp(-30 * (t * 4 % 1))).astype(np.float32)


def vector(samples):
    return MUSICNN.compute(Waveform(samples, 16_000))


def cosine(first, second):
    return first @ second / np.linalg.norm(first) / np.linalg.norm(second)


def test_the_vector_is_the_one_that_version_1_gave():
    golden = json.loads(GOLDEN.read_text("utf-8"))
    assert golden["hash"] == MUSICNN.hash, "another recipe: write the golden vector anew"
    np.testing.assert_allclose(
        vector(music(12)), golden["vector"], atol=2e-3, err_msg="raise the version of musicnn"
    )


def test_five_hundred_names_in_the_order_of_the_numbers():
    names = MUSICNN.dimensions
    assert len(names) == len(set(names)) == 500
    assert names[0] == "msd.penultimate.000"
    assert names[200] == "msd.tag.rock"
    assert names[449] == "mtt.penultimate.199"
    assert names[450] == "mtt.tag.guitar"
    numbers = np.arange(500, dtype=np.float32)
    assert musicnn.tag_probabilities(numbers, "msd")["happy"] == names.index("msd.tag.happy")
    assert musicnn.tag_probabilities(numbers, "mtt")["choral"] == 499


def test_the_spectrum_is_librosas():
    samples = music(3.1)
    mel = librosa.feature.melspectrogram(y=samples, sr=16_000, n_fft=512, hop_length=256, n_mels=96).T
    expected = np.log10(10_000 * mel.astype(np.float16).astype(np.float32) + 1)
    # Rounding may fall on the other side of a float16's border, one number in twenty thousand.
    difference = np.abs(musicnn.log_mel(samples) - expected)
    assert difference.max() < 1e-3
    assert np.quantile(difference, 0.999) < 1e-6


def test_the_filters_are_librosas():
    np.testing.assert_allclose(
        musicnn_model.mel_filters(), librosa.filters.mel(sr=16_000, n_fft=512, n_mels=96), atol=1e-9
    )


def test_the_spectrum_of_a_burst_in_silence_stays_finite():
    samples = np.zeros(16_000 * 30, np.float32)
    samples[:2_000] = np.sin(np.arange(2_000))
    assert np.isfinite(musicnn.log_mel(musicnn.normalize_rms(1e6 * samples))).all()
    assert np.isfinite(vector(samples)).all()


@given(st.floats(-60, 20))
def test_levelling_brings_everything_to_the_same_level(level):
    samples = music(1) * np.float32(10 ** (level / 20))
    assert loudness(musicnn.normalize_rms(samples)) == pytest.approx(musicnn.LEVEL, abs=1e-3)


def test_silence_is_not_levelled():
    near = np.full(16_000, 1e-5, np.float32)
    np.testing.assert_array_equal(musicnn.normalize_rms(near), near)
    assert np.isfinite(vector(np.zeros(16_000, np.float32))).all()


@pytest.mark.parametrize("decibels", [6, 12, 20])
def test_a_quieter_file_gives_nearly_the_same_vector(decibels, encode, tmp_path):
    samples = music(6)[None]
    loud = encode(tmp_path / "a.s16.wav", samples, rate=16_000)
    quiet = encode(tmp_path / "b.s16.wav", samples * np.float32(10 ** (-decibels / 20)), rate=16_000)
    vectors = [analyze(path, [MUSICNN]).vectors["musicnn"] for path in (loud, quiet)]
    assert cosine(*vectors) > 0.999


@given(st.integers(PATCH[0], 100_000))
def test_patches_are_spread_evenly_and_reach_both_ends(frames):
    starts = musicnn.patch_starts(frames)
    assert starts[0] == 0
    assert 1 <= len(starts) <= 10
    steps = np.diff(starts)
    if len(starts) > 1:
        assert starts[-1] == frames - 187
        assert steps.min() >= 93
        assert steps.max() - steps.min() <= 1
    # No more would fit, or ten are there.
    assert len(starts) == 10 or (frames - 187) // 93 == len(starts) - 1


def test_thirty_seconds_are_ten_patches_half_a_second_is_one():
    assert list(musicnn.patch_starts(1_876)) == [round(n * 1_689 / 9) for n in range(10)]
    assert list(musicnn.patch_starts(187)) == [0]


def test_a_short_track_is_repeated_from_its_start():
    samples = music(0.8)
    mel = musicnn.log_mel(musicnn.normalize_rms(samples))
    repeated = np.concatenate([mel] * 5)[:187]
    np.testing.assert_allclose(
        vector(samples), np.concatenate(musicnn_model.run(repeated), axis=1).ravel(), atol=1e-6
    )


def test_the_vector_is_the_mean_over_the_patches():
    samples = music(9)
    rows = musicnn.tags(samples, "msd", level=True, patches="spread")
    assert rows.shape == (5, 50)
    np.testing.assert_allclose(vector(samples)[200:250], rows.mean(axis=0), atol=1e-6)


def test_the_original_use_leaves_the_rest_out():
    assert musicnn.tags(music(2.0)).shape == (0, 50)
    assert musicnn.tags(music(7.0), "mtt").shape == (2, 50)
    louder = musicnn.tags(music(4.0) * 4)
    assert np.abs(louder - musicnn.tags(music(4.0))).max() > 1e-3


def test_what_is_not_at_16_khz_is_refused():
    with pytest.raises(ValueError, match="16000"):
        MUSICNN.compute(Waveform(music(1), 22_050))
    with pytest.raises(ValueError, match="187 frames"):
        musicnn_model.run(np.zeros((10, 96), np.float32))


THREADS = """
import hashlib
import numpy as np
from catalog.audio.feature_set import Waveform
from catalog.audio.feature_sets.musicnn import MUSICNN, log_mel

for seed in range(3):
    samples = np.random.default_rng(seed).standard_normal(480_000).astype(np.float32) * np.float32(0.1)
    print(hashlib.md5(log_mel(samples).tobytes()).hexdigest())
print(hashlib.md5(MUSICNN.compute(Waveform(samples[:64_000], 16_000)).tobytes()).hexdigest())
"""


def test_two_threads_give_the_same_bytes_as_one():
    shown = [
        subprocess.run(
            [sys.executable, "-c", THREADS],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
            env={"OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads},
        ).stdout
        for threads in ("1", "2")
    ]
    assert shown[0] == shown[1]


FORKED = """
import os, sys
import numpy as np
from catalog.audio.feature_set import Waveform
from catalog.audio.feature_sets.musicnn import MUSICNN

waveform = Waveform(np.random.default_rng(0).standard_normal(64_000).astype(np.float32), 16_000)
warm = MUSICNN.compute(waveform)
if sys.platform == "linux":
    assert len(os.listdir("/proc/self/task")) == 1, "a thread that reports to somebody, or that forking leaves behind"
for _ in range(2):
    child = os.fork()
    if child == 0:
        os._exit(0 if np.array_equal(MUSICNN.compute(waveform), warm) else 1)
    assert os.waitpid(child, 0)[1] == 0
print([name for name in ("librosa", "numba", "scipy", "sklearn") if name in sys.modules])
"""


def test_a_warm_parent_can_fork_and_imports_nothing_it_does_not_use():
    shown = subprocess.run(
        [sys.executable, "-c", FORKED],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
    )
    assert (shown.stdout, shown.stderr) == ("[]\n", "")


if __name__ == "__main__":
    numbers = [round(float(number), 5) for number in vector(music(12))]
    GOLDEN.write_text(json.dumps({"hash": MUSICNN.hash, "vector": numbers}) + "\n", "utf-8")
