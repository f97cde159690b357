"""Files with wrong header fields give samples or an AudioError within the time limit.

`CATALOG_FUZZ_CASES` sets the number of cases (default 400). The last file that was tried stays in the folder of the
test: a crash of a C library ends this process. Workers survive such a crash (tests/integration/workers).
"""

import os
import struct
import time
from functools import cache

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.audio.audio_error import AudioError
from catalog.audio.feature_set import FeatureSet
from catalog.audio.feature_sets.analysis import analyze

CASES = int(os.environ.get("CATALOG_FUZZ_CASES", "400"))
HEADER = 600  # bytes, where most of a header's fields lie
LONGEST = 20.0  # seconds that a file of one and a half may take on a busy machine
SUFFIXES = (
    "mp3", "flac", "ogg", "opus", "m4a", "alac.m4a", "aac", "wma", "aiff", "au", "caf", "wv", "tta", "ac3", "webm",
    "s16.wav", "f32.wav",
)  # fmt: skip
FIELDS = [
    0,
    1,
    2,
    7,
    0x7F,
    0x80,
    0xFF,
    0x7FFF,
    0x8000,
    0xFFFF,
    0x10000,
    0x7FFFFFFF,
    0x80000000,
    0xFFFFFFFF,
    2**63 - 1,
    2**64 - 1,
]


def mean(waveform):
    return np.array([np.abs(waveform.samples).mean(), waveform.seconds], np.float32)


MEAN = FeatureSet("mean", 1, {}, ("mean", "seconds"), 16_000, mean)


@pytest.fixture(scope="module")
def whole(encode, sweep, tmp_path_factory):
    """The bytes of one and a half seconds of sound in a format."""
    folder = tmp_path_factory.mktemp("whole")

    @cache
    def content(suffix):
        return encode(folder / f"a.{suffix}", sweep(1.5, 48_000), rate=48_000).read_bytes()

    return content


field = st.tuples(
    st.integers(0, HEADER),
    st.sampled_from(["<B", "<H", ">H", "<I", ">I", "<Q", ">Q"]),
    st.sampled_from(FIELDS) | st.integers(0, 2**64 - 1),
)


def lie(content, fields, cut):
    damaged = bytearray(content)
    for place, form, value in fields:
        width = struct.calcsize(form)
        at = place % max(1, len(damaged) - width)
        damaged[at : at + width] = struct.pack(form, value % 256**width)
    return bytes(damaged[: max(1, int(len(damaged) * cut))])


@given(
    suffix=st.sampled_from(SUFFIXES),
    fields=st.lists(field, min_size=1, max_size=4),
    cut=st.just(1.0) | st.floats(0, 1),
)
@settings(max_examples=CASES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_header_that_lies_costs_one_reason_at_most(suffix, fields, cut, whole, tmp_path):
    (tmp_path / "last").write_bytes(lie(whole(suffix), fields, cut))
    begin = time.monotonic()
    found = heard(tmp_path / "last")
    assert time.monotonic() - begin < LONGEST
    if isinstance(found, AudioError):
        assert found.reason in AudioError.REASONS
        assert str(tmp_path) not in str(found)
        return
    level, seconds = found.vectors["mean"]
    assert np.isfinite(level)
    assert 0.49 <= seconds <= 30.1
    assert np.isfinite(found.stream.duration)


def heard(path):
    try:
        return analyze(path, [MEAN])
    except AudioError as failure:
        return failure
