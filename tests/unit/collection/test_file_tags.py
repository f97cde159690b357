"""Tags of every kind, and files made to be read with trouble."""

import io
import random
import struct
import time
import zlib

import mutagen
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mutagen import apev2, id3, mp4

from catalog.collection.naming.tag_values import text_of
from catalog.collection.scan.file_tags import read_file_tags
from catalog.collection.scan.tag_fields import FileTags
from tests.unit.collection.encoded_audio import encoded

FRAME = b"\xff\xfb\x90\x00" + bytes(413)
"""One frame of silence, MPEG-1 layer 3, 128 kbit/s, 44.1 kHz stereo."""


def read(content, name=b"x.mp3"):
    return read_file_tags(io.BytesIO(content), name)


def tagged_mp3(frames, version=4):
    stream = io.BytesIO(FRAME * 50)
    tags = id3.ID3()
    for frame in frames:
        tags.add(frame)
    tags.save(stream, v2_version=version, v1=0, v23_sep=None)
    return stream.getvalue()


def v1(genre, title=b"Song"):
    return (
        b"TAG"
        + title.ljust(30, b"\0")
        + b"Band".ljust(30, b"\0")
        + b"Disc".ljust(30, b"\0")
        + b"1987"
        + bytes(30)
        + bytes([genre])
    )


def test_id3_of_version_4():
    content = tagged_mp3([
        id3.TIT2(text="Song"), id3.TPE1(text="Band"), id3.TPE2(text="Owner"), id3.TALB(text="Disc"),
        id3.TDRC(text="1999-05-03"), id3.TRCK(text="3/12"), id3.TCON(text=["Rock", "Doom Metal"]),
    ])  # fmt: skip
    tags = read(content)
    assert tags.duration == pytest.approx(50 * 1152 / 44100, rel=0.05)
    assert tags == FileTags(
        "Song", "Band", "Owner", "Disc", 1999, 3, ("Rock", "Doom Metal"), "id3v2.4",
        tags.duration, "mp3", 44100, 2, 128_000,
    )  # fmt: skip


def test_id3_of_version_3_is_verbatim():
    tags = read(tagged_mp3([id3.TCON(text=["(17)Rock"]), id3.TYER(text="1999")], version=3))
    assert (tags.genres, tags.origin, tags.year) == (("(17)Rock",), "id3v2.3", 1999)


def test_id3_of_version_2():
    def frame(name, text):
        return name + struct.pack(">L", len(text) + 1)[1:] + b"\0" + text

    body = frame(b"TT2", b"Song") + frame(b"TCO", b"(4)") + frame(b"TYE", b"1987") + frame(b"TP1", b"Band")
    content = b"ID3\x02\0\0" + bytes([0, 0, len(body) >> 7, len(body) & 127]) + body + FRAME * 20
    tags = read(content)
    assert (tags.title, tags.artist, tags.year, tags.genres, tags.origin) == (
        "Song",
        "Band",
        1987,
        ("(4)",),
        "id3v2.2",
    )


def test_id3v1_numbers_are_left_as_numbers():
    tags = read(FRAME * 50 + v1(17))
    assert (tags.title, tags.artist, tags.album, tags.year) == ("Song", "Band", "Disc", 1987)
    assert (tags.genres, tags.origin) == (("17",), "id3v1")
    assert read(FRAME * 50 + v1(255)).genres == ()
    assert read(FRAME * 50 + v1(0)).genres == ("0",)


def test_id3v1_fills_what_version_2_lacks():
    tags = read(tagged_mp3([id3.TIT2(text="A longer title")]) + v1(17))
    assert (tags.title, tags.artist, tags.genres, tags.origin) == ("A longer title", "Band", ("17",), "id3v1")


def test_a_zero_beside_version_2_is_not_blues():
    assert read(tagged_mp3([id3.TIT2(text="Song")]) + v1(0)).genres == ()


def test_an_ape_tag_on_an_mp3():
    stream = io.BytesIO(FRAME * 50)
    tags = apev2.APEv2()
    tags["Genre"] = ["Rock", "Metal"]
    tags["Title"] = "Song"
    tags["Cover Art (Front)"] = apev2.APEValue(b"\0\1", apev2.BINARY)
    tags.save(stream)
    found = read(stream.getvalue())
    assert (found.title, found.genres, found.origin, found.codec) == ("Song", ("Rock", "Metal"), "ape", "mp3")


@pytest.mark.parametrize("genre", ["Jazz\nBlues", "Jazz\r\nBlues\n", "Jazz\0Blues", "Jazz\u2028Blues"])
@pytest.mark.parametrize("name", ["x.flac", "x.ogg", "x.m4a", "x.mp3"])
def test_line_ends_and_nul_separate_genres(tmp_path, genre, name):
    codec = {"x.flac": "flac", "x.ogg": "vorbis", "x.m4a": "aac", "x.mp3": "libmp3lame"}[name]
    path = encoded(tmp_path / name, codec)
    file = mutagen.File(path)
    if name == "x.mp3":
        file.add_tags() if file.tags is None else None
        file.tags.add(id3.TCON(encoding=3, text=[genre]))
    else:
        file["\xa9gen" if name == "x.m4a" else "genre"] = [genre]
    file.save()
    assert read(path.read_bytes(), name.encode()).genres == ("Jazz", "Blues")


@pytest.mark.parametrize(
    ("codec", "name", "expected"),
    [("flac", "x.flac", "flac"), ("vorbis", "x.ogg", "vorbis"), ("libopus", "x.opus", "opus")],
)
def test_vorbis_comments(tmp_path, codec, name, expected):
    path = encoded(tmp_path / name, codec)
    file = mutagen.File(path)
    file["genre"] = ["Rock", "Doom"]
    file["Title"] = "Song"
    file["artist"] = "Band"
    file["albumartist"] = "Owner"
    file["date"] = "2001"
    file["tracknumber"] = "07"
    file.save()
    tags = read(path.read_bytes(), name.encode())
    assert (tags.title, tags.artist, tags.album_artist, tags.year, tags.track_number) == (
        "Song",
        "Band",
        "Owner",
        2001,
        7,
    )
    assert (tags.genres, tags.origin, tags.codec) == (("Rock", "Doom"), "vorbis", expected)
    assert 0 < tags.duration < 1.1


def test_mp4_texts_and_numbers(tmp_path):
    path = encoded(tmp_path / "x.m4a", "aac")
    file = mp4.MP4(path)
    file["©gen"] = ["Rock"]
    file["©nam"] = ["Song"]
    file["trkn"] = [(4, 10)]
    file["©day"] = ["1999"]
    file.save()
    tags = read(path.read_bytes(), b"x.m4a")
    assert (tags.title, tags.year, tags.track_number, tags.genres, tags.origin) == (
        "Song",
        1999,
        4,
        ("Rock",),
        "mp4",
    )
    assert tags.codec == "aac"
    numbered = (
        path.read_bytes()
        .replace(b"\xa9gen", b"gnre")
        .replace(b"\0\0\0\1\0\0\0\0Rock", b"\0\0\0\0\0\0\0\0\0\x12\0\0")
    )
    assert read(numbered, b"x.m4a").genres in {("Rock",), ()}


@pytest.mark.parametrize("name", ["x.wav", "x.aiff"])
def test_id3_in_wave_and_aiff(tmp_path, name):
    path = encoded(tmp_path / name, "pcm_s16le" if name == "x.wav" else "pcm_s16be")
    file = mutagen.File(path)
    file.add_tags()
    file.tags.add(id3.TCON(text=["Rock"]))
    file.save()
    tags = read(path.read_bytes(), name.encode())
    assert (tags.genres, tags.origin, tags.codec, tags.sample_rate) == (("Rock",), "id3v2.4", "pcm", 44100)


def test_windows_media(tmp_path):
    path = encoded(tmp_path / "x.wma", "wmav2", "asf")
    file = mutagen.File(path)
    file["WM/Genre"] = ["Rock"]
    file["Title"] = ["Song"]
    file["WM/AlbumTitle"] = ["Disc"]
    file.save()
    tags = read(path.read_bytes(), b"x.wma")
    assert (tags.title, tags.album, tags.genres, tags.origin, tags.codec) == (
        "Song",
        "Disc",
        ("Rock",),
        "asf",
        "wma",
    )


def test_a_wrong_suffix_does_not_hide_the_tags(tmp_path):
    path = encoded(tmp_path / "x.flac", "flac")
    assert read(path.read_bytes(), b"x.wav").codec == "flac" or read(path.read_bytes(), b"x.wav").warning


@pytest.mark.parametrize(
    "content",
    [b"", b"\0" * 5000, b"no audio at all", b"ID3", b"fLaC", b"OggS" * 9, b"RIFF\xff\xff\xff\xffWAVE"],
)
@pytest.mark.parametrize(
    "name", [b"x.mp3", b"x.flac", b"x.ogg", b"x.m4a", b"x.wav", b"x.wma", b"x.ape", b"x.mka", b"x"]
)
def test_what_is_no_audio_has_no_tags_and_raises_nothing(content, name):
    tags = read(content, name)
    assert tags.genres == ()
    assert tags.title is None


def test_tags_survive_a_stream_that_makes_no_sense():
    content = tagged_mp3([id3.TIT2(text="Song"), id3.TCON(text=["Rock"])]).replace(FRAME, b"\1" * len(FRAME))
    tags = read(content)
    assert (tags.title, tags.genres, tags.duration) == ("Song", ("Rock",), None)
    assert "some tags cannot be read" in tags.warning


def test_control_signs_and_lone_surrogates_are_taken_out():
    title = "So\x00ng\x1b[31m\x07 \ud800 \u202ereversed"
    content = tagged_mp3([id3.TIT2(text="x"), id3.TPE1(encoding=id3.Encoding.UTF16, text="y")])
    assert read(content).title == "x"
    cleaned = text_of(title)
    cleaned.encode("utf-8")
    assert cleaned.isprintable()


def test_long_texts_are_cut():
    tags = read(tagged_mp3([id3.TIT2(text="x" * 100_000), id3.TCON(text=["Rock" * 2_000] * 100)]))
    assert len(tags.title) == 500
    assert len(tags.genres) <= 32
    assert all(len(each) <= 4096 for each in tags.genres)


def test_a_bomb_is_not_unpacked():
    bomb = zlib.compress(b"\0" + b"x" * 10_000_000, 1)
    size = len(bomb) + 4
    frame = b"TIT2" + struct.pack(">L", size) + b"\0\x80" + struct.pack(">L", 50_000_001) + bomb
    synchsafe = bytes(
        [len(frame) >> 21 & 127, len(frame) >> 14 & 127, len(frame) >> 7 & 127, len(frame) & 127]
    )
    tags = read(b"ID3\x03\0\0" + synchsafe + frame + FRAME * 20)
    assert tags.title is None


def test_a_tag_of_a_million_frames_is_not_waited_for():
    body = (b"TXXX" + struct.pack(">L", 1) + b"\0\0" + b"x") * 500_000
    size = len(body)
    synchsafe = bytes([size >> 21 & 127, size >> 14 & 127, size >> 7 & 127, size & 127])
    began = time.monotonic()
    tags = read(b"ID3\x03\0\0" + synchsafe + body + FRAME * 20)
    assert time.monotonic() - began < 2
    assert "thousands of frames" in tags.warning


def test_a_tag_of_200_megabytes_is_not_read():
    class Endless(io.BytesIO):
        def read(self, size=-1):
            return super().read(min(size, 10)) if self.tell() < 10 else b"\1" * size

    began = time.monotonic()
    tags = read_file_tags(Endless(b"ID3\x04\0\0\x7f\x7f\x7f\x7f" + bytes(10)), b"x.mp3")
    assert time.monotonic() - began < 5
    assert tags.warning


@settings(max_examples=150, deadline=None)
@given(
    st.randoms(use_true_random=False),
    st.sampled_from([b"x.mp3", b"x.flac", b"x.ogg", b"x.m4a", b"x.wav", b"x.ape", b"x.wma"]),
)
def test_damaged_files_raise_nothing(damaged_samples, chance, name):
    content = bytearray(damaged_samples[chance.randrange(len(damaged_samples))])
    for _ in range(chance.randrange(1, 30)):
        content[chance.randrange(min(len(content), 3000))] = chance.randrange(256)
    tags = read(bytes(content[: chance.randrange(1, len(content))]), name)
    for text in (tags.title, tags.artist, tags.album, *tags.genres):
        assert text is None or text.encode("utf-8")


@pytest.fixture(scope="module")
def damaged_samples(tmp_path_factory):
    folder = tmp_path_factory.mktemp("samples")
    made = [tagged_mp3([id3.TIT2(text="Song"), id3.TCON(text=["Rock"])]) + v1(17)]
    for codec, name in (("flac", "x.flac"), ("vorbis", "x.ogg"), ("aac", "x.m4a"), ("pcm_s16le", "x.wav")):
        made.append(encoded(folder / name, codec).read_bytes()[:20_000])
    return made


def test_random_bytes_raise_nothing():
    chance = random.Random(1)
    for name in (
        b"x.mp3",
        b"x.ape",
        b"x.dsf",
        b"x.dff",
        b"x.mpc",
        b"x.tta",
        b"x.wv",
        b"x.tak",
        b"x.aac",
        b"x.ac3",
        b"x.spx",
    ):
        for _ in range(20):
            read(chance.randbytes(2000), name)
