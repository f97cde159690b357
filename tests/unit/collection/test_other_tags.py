"""Tags beside the main one, tags that mutagen does not read, and tags with a damaged part."""

import io
import struct

import mutagen
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mutagen import apev2, id3
from mutagen.asf._attrs import ASFDWordAttribute

from catalog.collection.scan.ape_tag import read_ape_tag
from catalog.collection.scan.asf_tag import read_asf_tag
from catalog.collection.scan.chunk_tags import read_chunk_tags
from catalog.collection.scan.file_tags import read_file_tags
from catalog.collection.scan.id3 import read_leading_id3
from catalog.collection.scan.legacy_text import LegacyText
from tests.unit.collection.encoded_audio import encoded

METADATA = {
    "title": "Tïtle",
    "artist": "Band",
    "album": "Disc",
    "genre": "Jazz",
    "date": "1999",
    "track": "3",
}
V1 = (
    b"TAG"
    + b"Song".ljust(30, b"\0")
    + b"Band".ljust(30, b"\0")
    + b"Disc".ljust(30, b"\0")
    + b"1987"
    + bytes(30)
) + b"\x08"
ASF_HEADER = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c") + struct.pack("<QLH", 200, 2, 0x201)
ASF_HEADER += (
    bytes.fromhex("3326b2758e66cf11a6d900aa0062ce6c") + struct.pack("<Q5H", 38, 4, 0, 0, 0, 0) + b"A\0B\0"
)
ASF_HEADER += (
    bytes.fromhex("40a4d0d207e3d21197f000a0c95ea850") + struct.pack("<QHH", 34, 1, 4) + b"A\0B\0" + bytes(6)
)
CODECS = {
    "x.aac": "aac",
    "x.aiff": "pcm_s16be",
    "x.ape": "wavpack",
    "x.flac": "flac",
    "x.m4a": "aac",
    "x.mp3": "libmp3lame",
    "x.ogg": "vorbis",
    "x.opus": "libopus",
    "x.tta": "tta",
    "x.wav": "pcm_s16le",
    "x.wv": "wavpack",
}


@pytest.fixture(scope="module")
def sounds(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sounds")
    return {
        name: encoded(folder / name, codec).read_bytes() for name, codec in CODECS.items() if name != "x.ape"
    }


def read(content, name, encoding=None):
    return read_file_tags(io.BytesIO(content), name.encode(), encoding)


def names(tags):
    return tags.title, tags.artist, tags.album, tags.genres


def chunk(name, data, byte_order="<"):
    return name + struct.pack(f"{byte_order}L", len(data)) + data + bytes(len(data) % 2)


def info(**texts):
    body = b"".join(chunk(name.encode(), value + b"\0") for name, value in texts.items())
    return chunk(b"LIST", b"INFO" + body)


def id3_tag(*frames, version=3):
    stream = io.BytesIO()
    tags = id3.ID3()
    for frame in frames:
        tags.add(frame)
    tags.save(stream, v2_version=version, v1=0, v23_sep=None)
    return stream.getvalue()


ID3_TAG = id3_tag(id3.TIT2(encoding=1, text="Song"), id3.TRCK(text="3/4"), id3.TDRC(text="1999"), version=4)[
    :200
]


def ape_tag(**values):
    stream = io.BytesIO()
    tags = apev2.APEv2()
    for key, value in values.items():
        tags[key] = value
    tags.save(stream)
    return stream.getvalue()


def test_riff_info(sounds):
    texts = info(
        INAM="Söng".encode(), IART=b"Band", IPRD=b"Disc", IGNR=b"Jazz", ICRD=b"1999-05-03", ITRK=b"3"
    )
    for content in (sounds["x.wav"] + texts, sounds["x.wav"][:12] + texts + sounds["x.wav"][12:]):
        tags = read(content, "x.wav")
        assert names(tags) == ("Söng", "Band", "Disc", ("Jazz",))
        assert (tags.year, tags.track_number, tags.origin, tags.warning) == (1999, 3, "riff", None)


def test_riff_info_completes_an_id3_chunk(sounds):
    chunks = info(INAM=b"Other", IART=b"Band") + chunk(
        b"id3 ", id3_tag(id3.TIT2(text="Song"), id3.TCON(text="Rock"))
    )
    tags = read(sounds["x.wav"] + chunks, "x.wav")
    assert (tags.title, tags.artist, tags.genres, tags.origin) == ("Song", "Band", ("Rock",), "id3v2.3")


@pytest.mark.parametrize("form", [b"RF64", b"BW64"])
def test_chunks_of_a_large_wave(sounds, form):
    sound = sounds["x.wav"][sounds["x.wav"].index(b"fmt ") :]
    place = sound.index(b"data")
    wide = chunk(b"ds64", struct.pack("<QQQL", 0, len(sound) - place - 8, 0, 0))
    sound = sound[: place + 4] + b"\xff" * 4 + sound[place + 8 :]
    texts = info(INAM=b"Song") + chunk(b"id3 ", id3_tag(id3.TCON(text="Jazz")))
    tags = read(form + b"\xff" * 4 + b"WAVE" + wide + sound + texts, "x.wav")
    assert (tags.title, tags.genres) == ("Song", ("Jazz",))


def test_a_placeholder_for_the_size_gives_no_duration_of_days(sounds):
    content = sounds["x.wav"]
    place = content.index(b"data") + 4
    tags = read(content[:4] + b"\xff" * 4 + content[8:place] + b"\xff" * 4 + content[place + 4 :], "x.wav")
    assert tags.duration == pytest.approx(1, abs=0.01)


def test_texts_of_aiff(sounds):
    content = sounds["x.aiff"]
    texts = chunk(b"NAME", b"Song", ">") + chunk(b"AUTH", b"Band!", ">") + chunk(b"ANNO", b"a note", ">")
    for changed in (content + texts, content[:4] + b"\xff" * 4 + content[8:] + texts):
        assert names(read(changed, "x.aiff")) == ("Song", "Band!", None, ())


@pytest.mark.parametrize(
    ("name", "codec", "format_name"),
    [
        ("x.mka", "libopus", "matroska"),
        ("x.weba", "libopus", "webm"),
        ("x.caf", "pcm_s16le", "caf"),
        ("x.au", "pcm_s16be", "au"),
    ],
)
def test_containers_that_ffmpeg_reads(tmp_path, name, codec, format_name):
    content = encoded(tmp_path / name, codec, format_name, METADATA).read_bytes()
    tags = read(content, name)
    assert names(tags) == ("Tïtle", "Band", "Disc", ("Jazz",))
    origin = "matroska" if name in {"x.mka", "x.weba"} else "ffmpeg"
    assert (tags.origin, tags.warning, tags.channels) == (origin, None, 1)
    assert tags.duration == pytest.approx(1, abs=0.1)
    assert tags.codec in {"flac", "opus", "pcm"}


@pytest.mark.parametrize("name", ["x.aac", "x.flac", "x.mp3", "x.ogg", "x.tta", "x.wv"])
def test_an_ape_tag_or_id3v1_completes_every_format(sounds, name):
    ape = ape_tag(Title="Song", Artist="Band", Genre=["Jazz", "Blues"], Year="1999")
    tags = read(sounds[name] + ape, name)
    assert names(tags) == ("Song", "Band", None, ("Jazz", "Blues"))
    assert (tags.year, tags.origin, tags.warning) == (1999, "ape", None)
    assert names(read(sounds[name] + V1, name)) == ("Song", "Band", "Disc", ("8",))
    assert names(read(sounds[name] + ape + V1, name)) == ("Song", "Band", "Disc", ("Jazz", "Blues"))


@pytest.mark.parametrize("name", ["x.aac", "x.flac", "x.mp3", "x.tta"])
def test_id3_before_every_format(sounds, name):
    tags = read(id3_tag(id3.TIT2(text="Song"), id3.TCON(text="Jazz")) + sounds[name], name)
    assert (tags.title, tags.genres, tags.origin, tags.warning) == ("Song", ("Jazz",), "id3v2.3", None)
    assert tags.duration == pytest.approx(1, abs=0.1)


def test_the_main_tag_of_a_format_comes_first(sounds):
    content = encoded_flac = io.BytesIO(sounds["x.flac"])
    file = mutagen.File(content)
    file["title"], file["genre"] = "Main", "Rock"
    encoded_flac.seek(0)
    file.save(encoded_flac)
    tags = read(id3_tag(id3.TIT2(text="Other"), id3.TALB(text="Disc")) + content.getvalue() + V1, "x.flac")
    assert names(tags) == ("Main", "Band", "Disc", ("Rock",))


def test_a_second_id3_tag_completes_the_first(sounds):
    tags = id3_tag(id3.TIT2(text="Song")) + id3_tag(id3.TIT2(text="Other"), id3.TCON(text="Jazz"))
    assert names(read(tags + sounds["x.mp3"], "x.mp3")) == ("Song", None, None, ("Jazz",))


@pytest.mark.parametrize("change", [(3, 5), (5, 0x0F), (6, 0x7F)])
def test_an_invalid_header_does_not_hide_the_frames_of_id3(sounds, change):
    tag = bytearray(id3_tag(id3.TIT2(text="Song"), id3.TCON(text="Jazz")))
    tag[change[0]] = change[1]
    tags = read(bytes(tag) + sounds["x.mp3"], "x.mp3")
    assert (tags.title, tags.genres) == ("Song", ("Jazz",))
    assert "some tags cannot be read" in tags.warning


def test_a_text_of_mp4_that_is_not_utf_8(sounds):
    stream = io.BytesIO(sounds["x.m4a"])
    file = mutagen.File(stream)
    file["\xa9nam"], file["\xa9gen"] = ["XXXX"], ["Jazz", "Blues"]
    stream.seek(0)
    file.save(stream)
    tags = read(stream.getvalue().replace(b"XXXX", b"Caf\xe9"), "x.m4a")
    assert (tags.title, tags.genres) == ("Café", ("Jazz", "Blues"))


def test_lyrics_between_the_ape_tag_and_id3v1(sounds):
    lyrics = b"LYRICSBEGIN" + b"IND0000200"
    lyrics += f"{len(lyrics):06}".encode() + b"LYRICS200"
    assert read(sounds["x.mp3"] + ape_tag(Genre="Jazz") + lyrics + V1, "x.mp3").genres == ("Jazz",)


@pytest.mark.parametrize("name", ["x.aac", "x.mp3"])
def test_an_ape_tag_that_begins_131_bytes_before_the_end_is_not_id3v1(sounds, name):
    short = ape_tag(Title="", Artist="Band", Genre="Jazz")
    tag = ape_tag(Title="S" * (131 - len(short)), Artist="Band", Genre="Jazz")
    assert (len(tag), tag[3:6]) == (131, b"TAG")
    assert names(read(sounds[name] + tag, name)) == ("S" * (131 - len(short)), "Band", None, ("Jazz",))


def test_a_bad_item_of_an_ape_tag_hides_only_itself(sounds):
    ape = ape_tag(Title="Song", Broken="xxxx", Genre="Jazz")
    for changed in (ape.replace(b"Broken", b"Br\xf6ken"), ape.replace(b"xxxx", b"\xff\xfe\xfd\xfc")):
        for name in ("x.mp3", "x.wv"):
            tags = read(sounds[name] + changed, name)
            assert (tags.title, tags.genres) == ("Song", ("Jazz",))


def test_a_bad_attribute_of_windows_media_hides_only_itself(tmp_path):
    path = encoded(tmp_path / "x.wma", "wmav2", "asf")
    file = mutagen.File(path)
    file["Title"], file["WM/Genre"], file["WM/AlbumTitle"] = ["Song"], ["Jazz", "Blues"], ["Disc"]
    file["WM/Broken"], file["WM/TrackNumber"] = [ASFDWordAttribute(7)], [ASFDWordAttribute(3)]
    file.save()
    name = "WM/Broken".encode("utf-16-le") + b"\0\0"
    content = path.read_bytes().replace(name + b"\x03\0", name + b"\x63\0")
    tags = read(content, "x.wma")
    assert (tags.title, tags.album, tags.genres) == ("Song", "Disc", ("Jazz", "Blues"))
    assert (tags.track_number, tags.origin) == (3, "asf")
    assert tags.duration == pytest.approx(1, abs=0.2)
    assert "some tags cannot be read" in tags.warning


def test_a_vorbis_comment_that_is_not_utf_8(sounds):
    stream = io.BytesIO(sounds["x.flac"])
    file = mutagen.File(stream)
    file["title"], file["artist"], file["genre"] = "XXXX", "Band", ["Jazz", "Blues"]
    stream.seek(0)
    file.save(stream)
    content = stream.getvalue()
    assert read(content.replace(b"XXXX", b"Caf\xe9"), "x.flac").title == "Café"
    tags = read(content.replace(b"XXXX", "Кино".encode("cp1251")), "x.flac", "cp1251")
    assert (tags.title, tags.artist) == ("Кино", "Band")
    assert "; ".join(tags.genres).replace(";", "; ").split() == ["Jazz;", "Blues"]


def test_mp4_whose_meta_box_has_no_version(sounds):
    stream = io.BytesIO(sounds["x.m4a"])
    file = mutagen.File(stream)
    file["\xa9nam"], file["\xa9gen"] = ["Song"], ["Jazz"]
    stream.seek(0)
    file.save(stream)
    content = stream.getvalue()
    place = content.index(b"meta") + 4
    # A free box takes the place of version and flags, so that all sizes stay.
    changed = content[:place] + content[place + 4 :]
    for box in (b"moov", b"udta", b"meta"):
        start = changed.index(box) - 4
        size = int.from_bytes(changed[start : start + 4], "big") - 4
        changed = changed[:start] + size.to_bytes(4, "big") + changed[start + 4 :]
    tags = read(changed, "x.m4a")
    assert (tags.title, tags.genres) == ("Song", ("Jazz",))


def test_another_code_page_in_id3_is_guessed_with_a_remark(sounds):
    frames = [
        id3.TIT2(encoding=0, text="Êðîâü"),
        id3.TPE1(encoding=0, text="Êèíî"),
        id3.TCON(encoding=0, text="Äæàç"),
    ]
    tags = read(id3_tag(*frames) + sounds["x.mp3"], "x.mp3")
    assert (tags.title, tags.artist, tags.genres) == ("Кровь", "Кино", ("Джаз",))
    assert "cp1251" in tags.warning
    assert "--tag-encoding" in tags.warning


def test_a_named_code_page_is_used_without_a_remark(sounds):
    tags = read(id3_tag(id3.TIT2(encoding=0, text="Dvoøák")) + sounds["x.mp3"], "x.mp3", "cp1250")
    assert (tags.title, tags.warning) == ("Dvořák", None)
    tags = read(id3_tag(id3.TIT2(encoding=1, text="Dvoøák")) + sounds["x.mp3"], "x.mp3", "cp1250")
    assert tags.title == "Dvoøák", "its frame says that it is UTF-16"


def test_code_pages_in_id3v1_and_riff(sounds):
    v1 = V1.replace(b"Song", "Кровь".encode("cp1251")[:4]).replace(b"Band", "Кино".encode("cp1251"))
    assert read(sounds["x.mp3"] + v1, "x.mp3").artist == "Кино"
    texts = info(INAM="Группа крови".encode("cp1251"), IART="Кино".encode("cp1251"))
    assert read(sounds["x.wav"] + texts, "x.wav").title == "Группа крови"


def test_latin_1_has_no_remark(sounds):
    tags = read(id3_tag(id3.TIT2(encoding=0, text="Déjà vu")) + sounds["x.mp3"], "x.mp3")
    assert (tags.title, tags.warning) == ("Déjà vu", None)


def test_an_unknown_format_has_a_warning():
    assert "format is unknown" in read(b"no audio" * 100, "x.mka").warning


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_damaged_parts_raise_nothing(sounds, data):
    tags = (
        info(INAM=b"Song", IGNR=b"Jazz")
        + chunk(b"id3 ", id3_tag(id3.TCON(text="Jazz")))
        + ape_tag(Genre="x")
        + V1
    )
    content = bytearray(data.draw(st.sampled_from([sounds["x.wav"][:200], ASF_HEADER, ID3_TAG])) + tags)
    for _ in range(data.draw(st.integers(1, 20))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    file = io.BytesIO(bytes(content[: data.draw(st.integers(1, len(content)))]))
    read_ape_tag(file, LegacyText())
    read_chunk_tags(file, LegacyText())
    read_asf_tag(file)
    list(read_leading_id3(file))
