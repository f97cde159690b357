import multiprocessing
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from catalog.audio.feature_set import Waveform
from catalog.audio.feature_sets.summary import FEATURE_GROUPS, SINGLE, STATISTICS, SUMMARY
from tests.unit.audio.sounds import RATE, SOUNDS, band


def summary(samples):
    return SUMMARY.compute(Waveform(np.asarray(samples, np.float32), RATE))


def named(samples):
    return dict(zip(SUMMARY.dimensions, summary(samples).tolist(), strict=True))


def test_dimensions_are_triples_of_feature_statistic_and_number():
    triples = [name.split(".") for name in SUMMARY.dimensions]
    assert all(len(triple) == 3 for triple in triples)
    assert {feature for feature, _, _ in triples} == {*FEATURE_GROUPS, *SINGLE}
    assert len(SUMMARY.dimensions) == 458 * 7 + 4
    for feature, rows in FEATURE_GROUPS.items():
        numbers = [(statistic, number) for name, statistic, number in triples if name == feature]
        assert numbers == [(s, f"{row:02d}") for s in STATISTICS for row in range(1, rows + 1)]


def test_the_rows_of_the_vector_are_what_their_names_say():
    sound = named(band(3.0))
    for feature, rows in FEATURE_GROUPS.items():
        for row in range(1, rows + 1):
            least, middle, most = (sound[f"{feature}.{s}.{row:02d}"] for s in ("min", "median", "max"))
            assert least <= middle <= most
            assert least <= sound[f"{feature}.mean.{row:02d}"] <= most
            assert sound[f"{feature}.std.{row:02d}"] >= 0
    assert 0 < sound["zcr.mean.01"] < 1
    assert 0 < sound["spectral_centroid.mean.01"] < sound["spectral_rolloff.max.01"] < RATE / 2
    assert sound["onset_rate.value.01"] > 1
    assert 30 < sound["tempo.value.01"] < 320


def test_a_tone_is_found_where_it_lies():
    time = np.arange(3 * RATE) / RATE
    tone = named(0.5 * np.sin(2 * np.pi * 440 * time))
    assert max(range(1, 13), key=lambda row: tone[f"chroma_cqt.mean.{row:02d}"]) == 10  # C is 1, A is 10
    assert max(range(1, 13), key=lambda row: tone[f"chroma_stft.mean.{row:02d}"]) == 10
    assert tone["spectral_centroid.median.01"] == pytest.approx(440, abs=5)
    assert tone["zcr.median.01"] == pytest.approx(2 * 440 / RATE, rel=0.05)
    # Under a Hann window the root mean square of a sine, 0.5 / sqrt(2), is less by sqrt(3 / 8).
    assert tone["rmse.median.01"] == pytest.approx(0.5 / np.sqrt(2) * np.sqrt(3 / 8), rel=1e-3)


def test_a_tone_sounds_and_a_click_strikes():
    time = np.arange(3 * RATE) / RATE
    tone, clicks = named(0.5 * np.sin(2 * np.pi * 440 * time)), named(SOUNDS["clicks"](3.0))
    assert tone["harmonic_share.value.01"] > 0.95
    assert clicks["percussive_share.value.01"] > 0.95
    for sound in (tone, clicks, named(band(3.0))):
        harmonic, percussive = sound["harmonic_share.value.01"], sound["percussive_share.value.01"]
        assert 0.5 <= harmonic + percussive <= 1 + 1e-6


def test_what_it_says_of_a_track_in_single_numbers():
    found = SUMMARY.describe(summary(band(3.0)))
    assert set(found) == {"tempo", "onset_rate", "brightness", "harmonic_share", "percussive_share"}
    assert found["brightness"] == named(band(3.0))["spectral_centroid.mean.01"]


HARD = {
    "silence": np.zeros(RATE),
    "half a second of silence": np.zeros(RATE // 2),
    "direct current": np.full(RATE, 0.7),
    "direct current, negative, over full scale": np.full(RATE, -2.0),
    "one sample": np.ones(1),
    "a click": np.eye(1, RATE, 100)[0],
    "alternating": np.tile([1.0, -1.0], RATE),
    "clipped": np.clip(30 * band(1.0), -1, 1),
    "as loud as float32 goes": 3e38 * np.sign(band(1.0)),
    "next to nothing": 1e-38 * np.sign(band(1.0)),
    "denormal": np.full(RATE, 1e-45),
    "under one frame": band(1.0)[:1000],
    "a tone without noise": np.sin(np.arange(RATE) / 7),
    "silence, then sound": np.concatenate((np.zeros(RATE), band(1.0))),
}


@pytest.mark.parametrize("sound", HARD)
def test_no_sound_gives_anything_but_numbers(sound):
    vector = summary(HARD[sound])
    assert vector.shape == (len(SUMMARY.dimensions),)
    assert vector.dtype == np.float32
    assert np.isfinite(vector).all()


@settings(deadline=None, max_examples=25)
@given(
    seconds=st.floats(0.5, 1.2),
    level=st.floats(-45, 38).map(lambda power: 10.0**power),
    seed=st.integers(0, 2**32 - 1),
    held=st.integers(1, 2000),
)
def test_no_finite_noise_gives_anything_but_numbers(seconds, level, seed, held):
    generator = np.random.default_rng(seed)
    steps = np.repeat(generator.uniform(-1, 1, int(seconds * RATE) // held + 1), held)
    assert np.isfinite(summary(level * steps)).all()


def test_silence_is_silent():
    silence = named(np.zeros(RATE))
    still = (*SINGLE, "rmse", "zcr", "spectral_centroid", "spectral_bandwidth", "chroma_cqt")
    assert all(value == 0 for name, value in silence.items() if name.startswith(still))
    assert silence["mel.mean.01"] == pytest.approx(-100)


@pytest.mark.parametrize("sound", SOUNDS)
def test_the_same_samples_give_the_same_bytes(sound):
    samples = SOUNDS[sound](2.0)
    once = summary(samples).tobytes()
    summary(band(1.0))
    assert summary(samples).tobytes() == once


def test_one_thread_and_two_give_the_same_bytes():
    samples = band(3.0)
    with threadpool_limits(1):
        one = summary(samples).tobytes()
    with threadpool_limits(2):
        assert summary(samples).tobytes() == one


def _child(connection, samples):
    connection.send_bytes(summary(samples).tobytes())


@pytest.mark.filterwarnings("ignore:.*use of fork.*:DeprecationWarning")
def test_a_process_forked_after_a_first_run_gives_the_same_bytes():
    samples = band(2.0)
    here = summary(samples).tobytes()
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=_child, args=(sender, samples))
    child.start()
    sender.close()
    assert receiver.poll(60)
    assert receiver.recv_bytes() == here
    child.join(60)
    assert child.exitcode == 0


def test_the_samples_are_left_alone():
    samples = band(1.0)
    before = samples.copy()
    summary(samples)
    np.testing.assert_array_equal(samples, before)


def moves_with_level(name):
    """Whether a dimension is another for the same sound at another level: the list in docs/features.md."""
    feature, statistic, number = name.split(".")
    if statistic in {"kurtosis", "skew"}:
        return False
    if feature in {"mel", "harmonic", "percussive"} or (feature, number) == ("mfcc", "01"):
        return statistic != "std"
    return feature == "rmse"


def test_only_what_is_documented_depends_on_the_level():
    decibels = 12.0
    loud, quiet = band(3.0), band(3.0) * np.float32(10 ** (-decibels / 20))
    loud, quiet = named(loud), named(quiet)
    for name, value in loud.items():
        if not moves_with_level(name):
            assert quiet[name] == pytest.approx(value, rel=2e-3, abs=2e-3), name
        elif name.startswith("rmse"):
            assert quiet[name] == pytest.approx(value * 10 ** (-decibels / 20), rel=1e-3), name
        elif name.startswith("mfcc"):
            assert quiet[name] == pytest.approx(value - decibels * np.sqrt(128), rel=1e-3), name
        else:
            assert quiet[name] == pytest.approx(value - decibels, abs=1e-3), name


def test_another_sample_rate_is_refused():
    with pytest.raises(ValueError, match="22050 Hz, not 44100"):
        SUMMARY.compute(Waveform(band(1.0), 44_100))


def test_nothing_is_refused():
    with pytest.raises(ValueError, match="the waveform is empty"):
        summary(np.zeros(0))


def test_naming_the_recipe_imports_nothing_heavy():
    heavy = "{'librosa', 'numba', 'scipy', 'sklearn', 'soxr'}"
    code = f"import sys, catalog.audio.feature_sets.summary; print(sorted({heavy} & set(sys.modules)))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"
