"""True lengths and hashes: from packets, whatever headers and tags say."""

from fractions import Fraction
from types import SimpleNamespace

import mutagen
import numpy as np
import pytest
from mutagen.apev2 import APEv2
from mutagen.flac import Picture
from mutagen.id3 import APIC, ID3, TCON, TIT2
from mutagen.mp4 import MP4Cover

from catalog.audio.audio_error import AudioError
from catalog.audio.decoding import demux
from catalog.audio.decoding.media_file import MediaFile


def walk(path):
    with MediaFile(path) as source, demux.open_audio(source) as (container, stream):
        return demux.scan_packets(container, stream)


def reason(path):
    with pytest.raises(AudioError) as caught:
        walk(path)
    return caught.value.reason


@pytest.fixture(scope="module")
def noise():
    return (np.random.default_rng(1).standard_normal((2, 96_000)) * 0.1).astype(np.float32)


COVER = bytes(range(256)) * 400


def tag_id3(path):
    tags = ID3()
    tags.add(TIT2(encoding=3, text="Ω" * 300))
    tags.add(TCON(encoding=3, text="Rock"))
    tags.add(APIC(encoding=3, mime="image/png", type=3, data=COVER))
    tags.save(path, v1=2)


def tag_id3_by_chunk(path):
    file = mutagen.File(path)
    file.add_tags()
    file.tags.add(TIT2(encoding=3, text="title"))
    file.tags.add(APIC(encoding=3, mime="image/png", type=3, data=COVER))
    file.save()


def tag_ape(path):
    tags = APEv2()
    tags["Title"] = "title"
    tags.save(path)


def tag_both(path):
    tag_id3(path)
    tag_ape(path)


def tag_flac(path):
    file = mutagen.File(path)
    file["title"] = "t" * 20_000
    picture = Picture()
    picture.data = COVER
    file.add_picture(picture)
    file.save()


def tag_words(path):
    file = mutagen.File(path)
    file["title"] = "t" * 20_000
    file.save()


def tag_mp4(path):
    file = mutagen.File(path)
    file["\xa9nam"] = ["t" * 20_000]
    file["covr"] = [MP4Cover(COVER, imageformat=MP4Cover.FORMAT_PNG)]
    file.save()


TAGGED = [
    ("mp3", tag_id3),
    ("mp3", tag_ape),
    ("mp3", tag_both),
    ("flac", tag_flac),
    ("ogg", tag_words),
    ("opus", tag_words),
    ("m4a", tag_mp4),
    ("wma", tag_words),
    ("wv", tag_ape),
    ("aac", tag_id3),
    ("aiff", tag_id3_by_chunk),
    ("s16.wav", tag_id3_by_chunk),
]


@pytest.mark.parametrize(("suffix", "tag"), TAGGED)
def test_the_hash_outlives_tags(suffix, tag, encode, noise, tmp_path):
    path = encode(tmp_path / f"a.{suffix}", noise, rate=48_000)
    before, size = walk(path), path.stat().st_size
    tag(path)
    assert path.stat().st_size != size
    assert walk(path) == before


def test_the_hash_tells_recordings_apart(encode, noise, tmp_path):
    paths = [encode(tmp_path / f"{n}.flac", noise[:, n:], rate=48_000) for n in (0, 1)]
    assert walk(paths[0]).audio_hash != walk(paths[1]).audio_hash


def test_the_hash_does_not_depend_on_the_container(encode, noise, tmp_path):
    first = walk(encode(tmp_path / "a.opus", noise, rate=48_000))
    second = walk(encode(tmp_path / "a.webm", noise, rate=48_000))
    assert first.audio_hash == second.audio_hash


@pytest.mark.parametrize(
    "content",
    [
        b"Not a sound in here, only words. " * 100,
        b"\x89PNG\r\n\x1a\n" + bytes(3_000),
        b"#EXTM3U\n#EXT-X-VERSION:3\n#EXTINF:10,\nhttp://127.0.0.1:9/a.mp3\n",
        b"ffconcat version 1.0\nfile '/etc/hostname'\n",
        bytes(50_000),
        b"RIFF",
        b"\xff",
    ],
)
def test_what_is_no_audio_says_so(content, tmp_path):
    (tmp_path / "a.mp3").write_bytes(content)
    assert reason(tmp_path / "a.mp3") == "not-audio"


def test_random_bytes_are_a_failure(tmp_path):
    (tmp_path / "a.mp3").write_bytes(np.random.default_rng(3).bytes(200_000))
    assert reason(tmp_path / "a.mp3") in {"not-audio", "no-audio-stream", "undecodable"}


def test_a_video_without_sound(tmp_path):
    import av

    with av.open(tmp_path / "a.mp4", "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 32
        for _ in range(10):
            container.mux(stream.encode(av.VideoFrame(32, 32, "yuv420p")))
        container.mux(stream.encode(None))
    assert reason(tmp_path / "a.mp4") == "no-audio-stream"


def packet(pts, duration):
    return SimpleNamespace(pts=pts, duration=duration)


def begins(*packets, base=Fraction(1, 1000)):
    clock = demux.Clock(base)
    return [clock.begin(each) for each in packets] + [clock.end]


def test_the_clock_prefers_exact_steps_to_rounded_durations():
    assert begins(packet(100, 46), packet(147, 46), packet(193, 46)) == [0, 47, 93, 139]


def test_the_clock_goes_on_where_presentation_times_jump_or_are_missing():
    assert begins(packet(0, 10), packet(9_000, 10), packet(0, 10), packet(None, 10)) == [0, 10, 20, 30, 40]


def test_the_clock_takes_steps_where_durations_are_missing():
    assert begins(packet(5, 0), packet(15, None), packet(25, 0)) == [0, 10, 20, 20]


def test_the_clock_takes_no_absurd_duration():
    assert begins(packet(0, 10), packet(10, 2**40), packet(20, 10)) == [0, 10, 20, 30]
    assert begins(packet(0, 2**40), packet(2**41, -5)) == [0, 0, 0]
