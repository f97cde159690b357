"""Tags of Matroska: levels, several values, damage."""

import io

from hypothesis import given
from hypothesis import strategies as st

from catalog.collection.scan.file_tags import read_file_tags
from catalog.collection.scan.matroska_tag import read_matroska_tag
from tests.unit.collection.encoded_audio import encoded


def element(identifier, *contents):
    data = b"".join(contents)
    return bytes.fromhex(identifier) + (len(data) | 1 << 28).to_bytes(4, "big") + data


def tag(level, *pairs):
    target = element("63c0", element("68ca", bytes([level]))) if level else element("63c0")
    texts = [
        element("67c8", element("45a3", name.encode()), element("4487", text.encode()))
        for name, text in pairs
    ]
    return element("7373", target, *texts)


def matroska(*tags, title=None):
    info = element("1549a966", element("7ba9", title.encode())) if title else b""
    cluster = element("1f43b675", bytes(5000))
    return element("1a45dfa3", element("4282", b"matroska")) + element(
        "18538067", info, cluster, element("1254c367", *tags)
    )


ALBUM = tag(50, ("TITLE", "Disc"), ("ARTIST", "Owner"), ("DATE_RELEASED", "1999-05"), ("GENRE", "Rock"))
TRACK = tag(30, ("TITLE", "Song"), ("ARTIST", "Band"), ("PART_NUMBER", "3"))


def test_album_and_track_have_their_levels():
    tags = read_matroska_tag(io.BytesIO(matroska(TRACK, ALBUM, title="Segment")))
    assert (tags.title, tags.artist, tags.album, tags.album_artist) == ("Song", "Band", "Disc", "Owner")
    assert (tags.year, tags.track_number, tags.genres, tags.origin) == (1999, 3, ("Rock",), "matroska")


def test_all_genres_of_a_track_replace_that_of_the_album():
    genres = tag(30, ("GENRE", "Jazz"), ("GENRE", "Blues"))
    assert read_matroska_tag(io.BytesIO(matroska(ALBUM, genres))).genres == ("Jazz", "Blues")


def test_tags_without_a_level_are_of_the_track():
    tags = read_matroska_tag(
        io.BytesIO(matroska(tag(0, ("ARTIST", "Band"), ("ALBUM", "Disc")), title="Song"))
    )
    assert (tags.title, tags.artist, tags.album) == ("Song", "Band", "Disc")


def test_a_file_of_ffmpeg_has_all_its_fields(tmp_path):
    metadata = {"title": "Song", "artist": "Band", "album": "Disc", "genre": "Jazz", "track": "3"}
    content = encoded(tmp_path / "x.mka", "libopus", "matroska", metadata).read_bytes()
    tags = read_file_tags(io.BytesIO(content), b"x.mka")
    assert (tags.title, tags.artist, tags.album, tags.genres) == ("Song", "Band", "Disc", ("Jazz",))
    assert (tags.track_number, tags.codec, tags.sample_rate) == (3, "opus", 48_000)


@given(st.data())
def test_damaged_tags_raise_nothing(data):
    content = bytearray(matroska(TRACK, ALBUM, title="x"))
    for _ in range(data.draw(st.integers(1, 10))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    read_matroska_tag(io.BytesIO(bytes(content[: data.draw(st.integers(0, len(content)))])))
