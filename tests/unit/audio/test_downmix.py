"""Frames of every sample format as mono samples; loudness in decibels."""

from typing import cast

import av
import numpy as np
import pytest
from av import AudioFrame

from catalog.audio.audio_error import AudioError
from catalog.audio.decoding.downmix import downmix
from catalog.audio.loudness import loudness

LEFT, RIGHT = 0.5, -0.25


def frame(form, values, layout="stereo"):
    made = av.AudioFrame(format=form, layout=layout, samples=len(values[0]))
    kinds = {
        "u8": np.uint8,
        "s16": np.int16,
        "s32": np.int32,
        "s64": np.int64,
        "flt": np.float32,
        "dbl": np.float64,
    }
    array = np.asarray(values).astype(kinds[form.removesuffix("p")])
    if form.endswith("p"):
        for plane, channel in zip(made.planes, array, strict=True):
            memoryview(plane).cast("B")[: channel.nbytes] = channel.tobytes()
    else:
        memoryview(made.planes[0]).cast("B")[: array.nbytes] = array.T.tobytes()
    made.sample_rate = 8_000
    return made


@pytest.mark.parametrize("planar", ["", "p"])
@pytest.mark.parametrize(
    ("form", "zero", "full"),
    [
        ("u8", 128, 2**7),
        ("s16", 0, 2**15),
        ("s32", 0, 2**31),
        ("s64", 0, 2**63),
        ("flt", 0, 1),
        ("dbl", 0, 1),
    ],
)
def test_the_mean_of_the_channels_at_full_scale_one(form, zero, full, planar):
    voices = [
        [zero + int(LEFT * full) if full > 1 else LEFT] * 5,
        [zero + int(RIGHT * full) if full > 1 else RIGHT] * 5,
    ]
    samples, damaged = downmix(frame(form + planar, voices))
    assert samples.dtype == np.float32
    assert damaged == 0
    np.testing.assert_allclose(samples, [0.125] * 5, rtol=1e-6)


@pytest.mark.parametrize("form", ["flt", "fltp", "dbl", "dblp"])
def test_what_is_no_number_becomes_zero_and_is_counted(form):
    bad = [0.5, np.nan, np.inf, -np.inf, 3e8]
    samples, damaged = downmix(frame(form, [bad, [0.5] * 5]))
    assert damaged == 4
    np.testing.assert_allclose(samples, [0.5, 0.25, 0.25, 0.25, 0.25])


def test_loudness_of_known_signals():
    t = np.arange(8_000) / 8_000
    assert loudness(np.sin(2 * np.pi * 100 * t).astype(np.float32)) == pytest.approx(-3.0103, abs=1e-3)
    assert loudness(np.ones(10, np.float32)) == 0
    assert loudness(np.full(10, 0.1, np.float32)) == pytest.approx(-20)
    assert loudness(np.ones(100_000, np.float32), np.zeros(300_000, np.float32)) == pytest.approx(
        -6.0206, abs=1e-3
    )
    assert loudness() == loudness(np.zeros(10, np.float32)) == loudness(np.zeros(0, np.float32)) == -np.inf


def test_a_sample_format_that_is_not_known_is_a_failure():
    class Unknown:
        format = type("Format", (), {"name": "s128", "is_planar": False})

    with pytest.raises(AudioError, match="s128"):
        downmix(cast("AudioFrame", Unknown()))
