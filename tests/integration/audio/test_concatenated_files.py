"""Files that were joined from parts with different parameters: all of the sound counts, or its loss is reported."""

import contextlib
import os

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.audio.audio_error import AudioError
from catalog.audio.decoding.decode import decode
from catalog.audio.decoding.media_file import MediaFile
from catalog.audio.decoding.ogg_links import ogg_links
from catalog.web.media.excerpt import Excerpt, timed_frames

PLAIN = {"write_xing": "0", "id3v2_version": "0"}


@pytest.fixture
def part(encode, sweep, tmp_path):
    """The bytes of a sweep in a format: seconds, sample rate in Hz, channels."""

    def content(suffix, seconds, rate=44_100, channels=2):
        encoder = {"opus.ogg": "libopus", "flac.ogg": "flac"}.get(suffix)
        samples = sweep(seconds, rate)[:channels]
        options = PLAIN if suffix == "mp3" else None
        path = tmp_path / f"part.{suffix}"
        if encoder == "flac":
            return ogg_flac(path, samples, rate)
        return encode(path, samples, encoder=encoder, rate=rate, options=options).read_bytes()

    return content


def ogg_flac(path, samples, rate):
    # Without the empty last packet of the encoder, which this muxer refuses.

    layout = "mono" if len(samples) == 1 else "stereo"
    with av.open(str(path), "w", format="ogg") as container:
        stream = container.add_stream("flac", rate=rate, layout=layout)
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(samples, np.float32), format="fltp", layout=layout
        )
        frame.sample_rate = rate
        resampler = av.AudioResampler(stream.format, layout, rate, 4096)
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux([packet for packet in stream.encode(piece) if packet.size])
        container.mux([packet for packet in stream.encode(None) if packet.size])
    return path.read_bytes()


def seconds_of(decoded):
    return sum(run.seconds for run in decoded.runs)


@pytest.mark.parametrize(
    "parts",
    [
        [("ogg", 3, 44_100, 2), ("ogg", 9, 22_050, 2)],
        [("ogg", 9, 22_050, 2), ("ogg", 3, 44_100, 2), ("ogg", 2, 44_100, 2)],
        [("opus.ogg", 3, 48_000, 2), ("opus.ogg", 9, 48_000, 1)],
        [("flac.ogg", 3, 44_100, 2), ("flac.ogg", 9, 22_050, 1)],
        [("flac.ogg", 3, 44_100, 2), ("opus.ogg", 9, 48_000, 1), ("ogg", 3, 22_050, 2)],
        [("mp3", 9, 22_050, 1), ("mp3", 3, 44_100, 2), ("mp3", 3, 48_000, 2)],
        [("aac", 3, 44_100, 2), ("aac", 9, 22_050, 1)],
        [("aac", 9, 22_050, 1), ("aac", 3, 48_000, 2)],
        [("ac3", 3, 44_100, 2), ("ac3", 9, 32_000, 1)],
        [("s16.wav", 3, 44_100, 2), ("s24.wav", 9, 32_000, 1)],
        [("flac", 3, 44_100, 2), ("flac", 9, 22_050, 1), ("flac", 3, 44_100, 2)],
        [("flac", 3, 44_100, 2), ("flac", 3, 44_100, 2)],
    ],
)
def test_all_parts_are_decoded(part, parts, tmp_path):
    (tmp_path / "joined").write_bytes(b"".join(part(*one) for one in parts))
    decoded = decode(tmp_path / "joined")
    expected = sum(seconds for _, seconds, _, _ in parts)
    assert decoded.stream.duration == pytest.approx(expected, abs=0.3)
    assert seconds_of(decoded) == pytest.approx(expected, abs=0.3)
    assert decoded.at(16_000).seconds == pytest.approx(expected, abs=0.3)
    assert decoded.damaged <= 1


def test_the_middle_of_a_long_chain(part, tmp_path):
    (tmp_path / "joined").write_bytes(
        part("ogg", 40, 22_050) + part("ogg", 20, 44_100) + part("ogg", 40, 22_050)
    )
    decoded = decode(tmp_path / "joined")
    assert decoded.stream.duration == pytest.approx(100, abs=0.3)
    assert [run.sample_rate for run in decoded.runs] == [22_050, 44_100, 22_050]
    assert seconds_of(decoded) == pytest.approx(30, abs=0.1)
    assert decoded.windows[0][0] == pytest.approx(35, abs=0.2)
    assert decoded.windows[-1][1] == pytest.approx(65, abs=0.2)


def test_the_player_finds_its_place_in_a_chain(part, tmp_path):
    (tmp_path / "joined").write_bytes(part("opus.ogg", 3, 48_000) + part("opus.ogg", 9, 48_000, 1))
    with MediaFile(tmp_path / "joined") as source:
        frames = list(timed_frames(source, Excerpt(5, 8)))
    assert {frame.layout.name for _, frame in frames} == {"mono"}
    assert sum(frame.samples for _, frame in frames) / 48_000 == pytest.approx(3, abs=0.2)
    assert frames[0][0] == pytest.approx(5, abs=0.2)


def test_a_link_that_cannot_be_read_is_damage(part, tmp_path):
    broken = part("ogg", 3, 22_050).replace(b"vorbis", b"nonono")
    (tmp_path / "joined").write_bytes(part("ogg", 3, 44_100) + broken + part("ogg", 2, 22_050))
    decoded = decode(tmp_path / "joined")
    assert decoded.damaged >= 1
    assert seconds_of(decoded) == pytest.approx(5, abs=0.3)


def test_a_rest_that_ffmpeg_gives_up_is_damage_or_a_failure(part, tmp_path):
    (tmp_path / "a.wv").write_bytes(part("wv", 9, 44_100, 2) + part("wv", 3, 22_050, 1))
    assert decode(tmp_path / "a.wv").damaged >= 1
    (tmp_path / "b.wv").write_bytes(part("wv", 3, 22_050, 1) + part("wv", 60, 44_100, 2))
    with pytest.raises(AudioError, match="only the first 3") as caught:
        decode(tmp_path / "b.wv")
    assert caught.value.reason == "undecodable"


@pytest.mark.parametrize("tag", [b"drms", b"enca", b"aavd"])
def test_a_protected_file_is_called_so(part, tag, tmp_path):
    (tmp_path / "a.m4a").write_bytes(part("m4a", 3).replace(b"mp4a", tag, 1))
    with pytest.raises(AudioError, match="copy-protected"):
        decode(tmp_path / "a.m4a")


@given(
    edits=st.lists(
        st.tuples(st.floats(0, 1), st.binary(max_size=40), st.integers(0, 500)), min_size=1, max_size=5
    )
)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_sections_of_a_damaged_chain_stay_in_the_file(chain, edits, tmp_path):
    content = chain
    for place, data, removed in edits:
        at = int(place * len(content))
        content = content[:at] + data + content[at + removed :]
    (tmp_path / "a").write_bytes(content or b"x")
    with MediaFile(tmp_path / "a") as source:
        sizes = [link.seek(0, os.SEEK_END) for link in ogg_links(source)]
        assert all(size > 0 for size in sizes)
        assert sum(sizes) <= len(content)
        assert all(len(link.read(10**6)) == 0 for link in ogg_links(source) if link.seek(0, os.SEEK_END) >= 0)
    with contextlib.suppress(AudioError):
        assert seconds_of(decode(tmp_path / "a")) >= 0.5


@pytest.fixture(scope="module")
def chain(encode, sweep, tmp_path_factory):
    folder = tmp_path_factory.mktemp("chain")
    parts = [encode(folder / f"{rate}.ogg", sweep(1, rate), rate=rate) for rate in (22_050, 44_100)]
    return b"".join(path.read_bytes() for path in parts)
