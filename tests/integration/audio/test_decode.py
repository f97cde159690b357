"""Decoding: every format alike, the true middle, and damage that costs no more than itself."""

import struct
import subprocess
import sys
from fractions import Fraction
from functools import cache

import av
import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mutagen.id3 import APIC, ID3
from scipy.signal import correlate

from catalog.audio.audio_error import AudioError
from catalog.audio.decoding import decode as module
from catalog.audio.decoding import packet_buffer
from catalog.audio.decoding.decode import decode

FORMATS = [
    ("mp3", "mp3", 44_100),
    ("flac", "flac", 44_100),
    ("ogg", "vorbis", 44_100),
    ("opus", "opus", 48_000),
    ("m4a", "aac", 44_100),
    ("alac.m4a", "alac", 44_100),
    ("aac", "aac", 44_100),
    ("wma", "wmav2", 44_100),
    ("aiff", "pcm_s16be", 44_100),
    ("au", "pcm_s16be", 44_100),
    ("caf", "pcm_s16le", 44_100),
    ("wv", "wavpack", 44_100),
    ("tta", "tta", 44_100),
    ("ac3", "ac3", 44_100),
    ("webm", "opus", 48_000),
    ("u8.wav", "pcm_u8", 44_100),
    ("s16.wav", "pcm_s16le", 44_100),
    ("s24.wav", "pcm_s24le", 44_100),
    ("s32.wav", "pcm_s32le", 44_100),
    ("s64.wav", "pcm_s64le", 44_100),
    ("f32.wav", "pcm_f32le", 44_100),
    ("f64.wav", "pcm_f64le", 44_100),
    ("alaw.wav", "pcm_alaw", 8_000),
]
SEEKING = ["flac", "m4a", "alac.m4a", "aiff", "au", "caf", "wv", "tta", "s16.wav", "f64.wav"]


def failure(path):
    with pytest.raises(AudioError) as caught:
        decode(path)
    return caught.value


def heard(decoded):
    return sum(run.seconds for run in decoded.runs)


def alike(samples, reference, rate):
    """The highest correlation of four seconds from the middle with the reference, and its lag in seconds."""
    piece, slack = samples[13 * rate : 17 * rate], rate // 10
    around = reference[13 * rate - slack : 17 * rate + slack]
    product = correlate(around, piece, mode="valid", method="fft")
    best = int(np.argmax(product))
    energy = np.linalg.norm(piece) * np.linalg.norm(around[best : best + len(piece)])
    return product[best] / energy, (best - slack) / rate


@pytest.fixture(scope="module")
def whole(encode, sweep, tmp_path_factory):
    """The bytes of 34 seconds in a format, encoded once."""
    folder = tmp_path_factory.mktemp("whole")
    rates = {suffix: rate for suffix, _, rate in FORMATS}

    @cache
    def content(suffix):
        rate = rates[suffix]
        return encode(folder / f"a.{suffix}", sweep(34, rate), rate=rate).read_bytes()

    return content


@pytest.mark.parametrize(("suffix", "codec", "rate"), FORMATS)
def test_every_format_gives_the_same_middle(suffix, codec, rate, whole, sweep, tmp_path, capfd):
    (tmp_path / "a").write_bytes(whole(suffix))
    decoded = decode(tmp_path / "a")
    stream = decoded.stream
    assert (stream.codec, stream.sample_rate, stream.channels) == (codec, rate, 2)
    assert stream.duration == pytest.approx(34, abs=0.06)
    assert heard(decoded) == pytest.approx(30, abs=1e-3)
    assert decoded.damaged == 0
    begin = round(decoded.windows[0][0] * rate)
    likeness, lag = alike(decoded.at(rate).samples, sweep(34, rate).mean(axis=0)[begin:], rate)
    assert likeness > 0.95
    assert abs(lag) < 0.06  # an encoder's delay
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("suffix", SEEKING)
def test_seeking_leads_to_the_same_samples_as_walking(suffix, whole, tmp_path, monkeypatch):
    path = tmp_path / "a"
    path.write_bytes(whole(suffix))
    sought = decode(path)
    assert sought.container in module.EXACT
    monkeypatch.setattr(module, "EXACT", frozenset())
    np.testing.assert_array_equal(sought.runs[0].samples, decode(path).runs[0].samples)


@pytest.mark.parametrize("suffix", ["mp3", "ogg", "opus", "wma", "webm", "aac", "ac3"])
def test_packets_that_were_held_give_the_same_samples_as_those_read_again(
    suffix, whole, tmp_path, monkeypatch
):
    path = tmp_path / "a"
    path.write_bytes(whole(suffix))
    kept = decode(path)
    assert kept.container not in module.EXACT
    monkeypatch.setattr(packet_buffer, "MAX_BYTES", 0)
    np.testing.assert_array_equal(kept.runs[0].samples, decode(path).runs[0].samples)


def test_resampling_is_close_to_the_signal(encode, tmp_path):
    def tone(rate):
        return 0.5 * np.sin(2 * np.pi * 440 * np.arange(4 * rate) / rate)[None].astype(np.float32)

    decoded = decode(encode(tmp_path / "a.f32.wav", tone(44_100), rate=44_100))
    for rate in (8_000, 16_000, 22_050, 44_100, 48_000):
        waveform = decoded.at(rate)
        assert waveform.sample_rate == rate
        middle = slice(rate, 3 * rate)
        np.testing.assert_allclose(waveform.samples[middle], tone(rate)[0, middle], atol=1e-4)
    assert decoded.loudness == pytest.approx(-9.03, abs=0.01)


def frames(path):
    """The bytes of each MPEG audio frame of a file."""
    with av.open(path) as container:
        return [bytes(packet) for packet in container.demux(audio=0) if packet.size]


def test_an_mp3_whose_first_frame_lies_about_the_bit_rate_is_decoded_whole(encode, sweep, tmp_path):
    plain = {"write_xing": "0", "id3v2_version": "0"}
    samples = sweep(20, 16_000)[:1]
    slow = encode(tmp_path / "slow.mp3", samples, rate=16_000, bit_rate=24_000, options=plain)
    fast = encode(tmp_path / "fast.mp3", samples[:, :16_000], rate=16_000, bit_rate=128_000, options=plain)
    lying = tmp_path / "lying.mp3"
    lying.write_bytes(b"".join([frames(fast)[0], *frames(slow)[1:]]))
    assert soundfile.info(lying).duration < 5  # or the file does not lie and the test tests nothing
    decoded = decode(lying)
    assert decoded.stream.duration == pytest.approx(20, abs=0.2)
    assert heard(decoded) == pytest.approx(20, abs=0.2)


@pytest.mark.parametrize("suffix", ["mp3", "flac", "m4a", "s16.wav", "opus", "aac"])
def test_damage_in_the_middle_costs_little_more_than_itself(suffix, whole, tmp_path):
    path = tmp_path / "a"
    content = bytearray(whole(suffix))
    middle = len(content) // 2
    content[middle : middle + 2_000] = np.random.default_rng(5).bytes(2_000)
    path.write_bytes(content)
    decoded = decode(path)
    assert heard(decoded) > 27
    assert np.isfinite(decoded.at(16_000).samples).all()


@pytest.mark.parametrize("suffix", ["mp3", "flac", "s16.wav", "aiff", "aac", "opus"])
def test_a_file_that_was_cut_off_is_as_long_as_what_is_there(suffix, whole, tmp_path):
    content = whole(suffix)
    (tmp_path / "a").write_bytes(content[: len(content) // 2])
    decoded = decode(tmp_path / "a")
    assert 13 < decoded.stream.duration < 21
    assert heard(decoded) == pytest.approx(decoded.stream.duration, abs=0.2)


def loud(seconds, rate=8_000, seed=0):
    return (np.random.default_rng(seed).standard_normal((1, round(seconds * rate))) * 0.1).astype(np.float32)


def test_more_than_ten_minutes_are_three_windows_in_memory_of_three_windows(encode, tmp_path):
    samples = np.repeat(np.linspace(0, 0.9, 660, dtype=np.float32), 8_000)[None]
    decoded = decode(encode(tmp_path / "a.s16.wav", samples, rate=8_000))
    assert list(decoded.windows) == [(105, 115), (325, 335), (545, 555)]
    assert [len(run.samples) for run in decoded.runs] == [80_000] * 3
    for run, (begin, end) in zip(decoded.runs, decoded.windows, strict=True):
        np.testing.assert_allclose(run.samples, samples[0, int(begin) * 8_000 : int(end) * 8_000], atol=1e-4)


def test_a_silent_middle_is_not_all_there_is(encode, tmp_path):
    samples = np.concatenate([loud(20), np.zeros((1, 48 * 8_000), np.float32), loud(20, seed=1)], axis=1)
    decoded = decode(encode(tmp_path / "a.s16.wav", samples, rate=8_000))
    first, second = decoded.windows
    assert first == pytest.approx((88 / 6 - 5, 88 / 6 + 5))
    assert second == pytest.approx((440 / 6 - 5, 440 / 6 + 5))
    assert decoded.loudness > -25


@pytest.mark.parametrize("seconds", [2, 40, 700])
def test_silence_is_a_failure(seconds, encode, tmp_path):
    path = encode(tmp_path / "a.s16.wav", np.zeros((1, seconds * 8_000), np.float32), rate=8_000)
    assert failure(path).reason == "silent"


@pytest.mark.parametrize("suffix", ["s16.wav", "flac"])
def test_less_than_half_a_second_is_too_short(suffix, encode, tmp_path):
    said = failure(encode(tmp_path / f"a.{suffix}", loud(0.4, 44_100), rate=44_100))
    assert said.reason == "too-short"
    assert "0.40 s" in str(said)
    assert heard(decode(encode(tmp_path / f"b.{suffix}", loud(0.5, 44_100), rate=44_100))) == 0.5


def test_samples_that_are_no_number_do_not_come_through(encode, tmp_path):
    samples = loud(2)
    samples[0, 100:200] = np.nan
    samples[0, 300], samples[0, 301], samples[0, 302] = np.inf, -np.inf, 1e30
    decoded = decode(encode(tmp_path / "a.f32.wav", samples, rate=8_000))
    assert decoded.damaged == 103
    assert np.isfinite(decoded.runs[0].samples).all()
    assert np.isfinite(decoded.at(16_000).samples).all()
    path = encode(tmp_path / "b.f32.wav", np.full((1, 8_000), np.nan, np.float32), rate=8_000)
    assert failure(path).reason in {"silent", "undecodable"}


def test_a_sample_rate_that_changes_on_the_way(encode, sweep, tmp_path):
    plain = {"write_xing": "0", "id3v2_version": "0"}
    parts = [
        encode(tmp_path / f"{rate}.mp3", sweep(3, rate)[:1], rate=rate, options=plain).read_bytes()
        for rate in (44_100, 32_000)
    ]
    (tmp_path / "joined.mp3").write_bytes(b"".join(parts))
    decoded = decode(tmp_path / "joined.mp3")
    assert [run.sample_rate for run in decoded.runs] == [44_100, 32_000]
    assert decoded.at(16_000).seconds == pytest.approx(6, abs=0.2)


def test_channels_that_change_on_the_way(encode, sweep, tmp_path):
    plain = {"write_xing": "0", "id3v2_version": "0"}
    parts = [
        encode(tmp_path / f"{count}.mp3", sweep(3, 44_100)[:count], rate=44_100, options=plain).read_bytes()
        for count in (2, 1, 2)
    ]
    (tmp_path / "joined.mp3").write_bytes(b"".join(parts))
    decoded = decode(tmp_path / "joined.mp3")
    assert decoded.stream.channels == 2
    assert heard(decoded) == pytest.approx(9, abs=0.2)
    both, left = decoded.at(16_000).samples[16_000:32_000], decoded.at(16_000).samples[64_000:80_000]
    assert (
        np.abs(left).max() > 1.2 * np.abs(both).max()
    )  # the left channel alone is louder than the mean of both


def test_a_cover_is_not_the_sound(encode, sweep, tmp_path):
    path = encode(tmp_path / "a.mp3", sweep(2, 44_100))
    picture = encode_png()
    tags = ID3()
    tags.add(APIC(encoding=3, mime="image/png", type=3, data=picture))
    tags.save(path)
    assert heard(decode(path)) == pytest.approx(2, abs=0.1)


def test_the_sound_of_a_video(sweep, tmp_path):
    with av.open(tmp_path / "a.mkv", "w") as container:
        video = container.add_stream("mpeg4", rate=10)
        video.width = video.height = 32
        audio = container.add_stream("pcm_s16le", rate=44_100, layout="stereo")
        for _ in range(20):
            container.mux(video.encode(av.VideoFrame(32, 32, "yuv420p")))
        samples = np.ascontiguousarray((sweep(2, 44_100) * 32_767).astype(np.int16).T.reshape(1, -1))
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="stereo")
        frame.sample_rate = 44_100
        container.mux(audio.encode(frame))
        container.mux(audio.encode(None))
    decoded = decode(tmp_path / "a.mkv")
    assert decoded.stream.codec == "pcm_s16le"
    assert heard(decoded) == pytest.approx(2, abs=0.1)


def encode_png():
    context = av.CodecContext.create("png", "w")
    context.width = context.height = 16
    context.pix_fmt = "rgb24"
    context.time_base = Fraction(1)
    return b"".join(bytes(packet) for packet in context.encode(av.VideoFrame(16, 16, "rgb24")))


def test_the_name_promises_nothing(encode, sweep, tmp_path):
    path = encode(tmp_path / "a.flac", sweep(2, 44_100))
    for name in ("a.mp3", "a.txt", "http:", "concat:a|b", "a"):
        path = path.rename(tmp_path / name)
        assert decode(path).stream.codec == "flac"


def wave(channels=1, rate=8_000, bits=16, form=1, data=b"\1\2" * 8_000, claimed=None):
    block = channels * bits // 8
    head = struct.pack("<HHIIHH", form, channels, rate, rate * block & 0xFFFFFFFF, block & 0xFFFF, bits)
    size = len(data) if claimed is None else claimed
    return (
        b"RIFF\xff\xff\xff\xffWAVEfmt "
        + struct.pack("<I", len(head))
        + head
        + b"data"
        + struct.pack("<I", size)
        + data
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"channels": 0},
        {"rate": 0},
        {"rate": 1},
        {"rate": 0xFFFFFFFF},
        {"rate": 0x7FFFFFFF},
        {"bits": 0},
        {"bits": 65_535},
        {"form": 0xABCD},
        {"data": b""},
        {"data": b"\0"},
    ],
)
def test_absurd_headers_are_failures_with_a_reason(fields, tmp_path):
    (tmp_path / "a.wav").write_bytes(wave(**fields))
    assert failure(tmp_path / "a.wav").reason in {"not-audio", "no-audio-stream", "undecodable", "too-short"}


@pytest.mark.parametrize(
    "fields", [{"claimed": 0xFFFFFFFF}, {"claimed": 0xFFFFFFF0, "bits": 8}, {"channels": 60}]
)
def test_a_header_may_promise_more_than_there_is(fields, tmp_path):
    (tmp_path / "a.wav").write_bytes(wave(data=np.random.default_rng(0).bytes(960_000), **fields))
    assert heard(decode(tmp_path / "a.wav")) >= 0.5


@given(
    suffix=st.sampled_from(
        ["mp3", "flac", "ogg", "opus", "m4a", "wma", "aiff", "s16.wav", "wv", "webm", "aac"]
    ),
    edits=st.lists(
        st.tuples(st.floats(0, 1), st.binary(max_size=40), st.integers(0, 2_000)), min_size=1, max_size=5
    ),
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_done_to_a_file_it_gives_samples_or_a_reason(suffix, edits, small, tmp_path):
    content = small(suffix)
    for place, bytes_, removed in edits:
        at = int(place * len(content))
        content = content[:at] + bytes_ + content[at + removed :]
    (tmp_path / "a").write_bytes(content)
    try:
        decoded = decode(tmp_path / "a")
    except AudioError:
        return
    assert heard(decoded) >= 0.5
    samples = decoded.at(16_000).samples
    assert np.isfinite(samples).all()
    assert len(samples) <= 30.1 * 16_000


@pytest.fixture(scope="module")
def small(encode, sweep, tmp_path_factory):
    """The bytes of a second of sound in a format."""
    folder = tmp_path_factory.mktemp("small")

    @cache
    def content(suffix):
        return encode(folder / f"a.{suffix}", sweep(1.5, 48_000), rate=48_000).read_bytes()

    return content


MEASURE = """
import resource, sys
from catalog.audio.decoding.decode import decode
decoded = decode(sys.argv[1])
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1 if sys.platform == "darwin" else 1024)
print(round(decoded.stream.duration), peak)
"""


def test_three_hours_take_hardly_more_memory_than_half_a_minute(encode, sweep, tmp_path):
    plain = {"write_xing": "0", "id3v2_version": "0"}
    short = encode(tmp_path / "short.mp3", sweep(36, 16_000)[:1], rate=16_000, bit_rate=16_000, options=plain)
    (tmp_path / "long.mp3").write_bytes(short.read_bytes() * 300)
    peaks = []
    for name, least in (("short.mp3", 36), ("long.mp3", 10_800)):
        shown = subprocess.run(
            [sys.executable, "-c", MEASURE, tmp_path / name], capture_output=True, text=True, check=True
        )
        duration, peak = map(int, shown.stdout.split())
        assert duration >= least
        peaks.append(peak)
    assert peaks[1] < peaks[0] + 10_240  # kB
