"""The genre inside an ID3v2 tag, and everything else staying as it is."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mutagen import id3

from catalog.writeback.formats.id3v2 import EMPTY_TAG, parse_tag, tag_size, with_genre
from catalog.writeback.formats.tag_format import TagFormatError
from tests.integration.writeback.tagged_files import id3v2

NAMES = {2: b"TCO", 3: b"TCON", 4: b"TCON"}
OTHERS = {2: [b"TT2", b"XYZ", b"COM"], 3: [b"TIT2", b"XQQQ", b"PRIV"], 4: [b"TIT2", b"ZZZZ", b"PRIV"]}
texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20)


def genre_of(data):
    frames = id3.ID3(io.BytesIO(data), translate=False, load_v1=False)
    found = frames.getall("TCON") + frames.getall("TCO")
    return [str(text) for text in found[0].text] if found else []


@st.composite
def tags(draw):
    version = draw(st.sampled_from([2, 3, 4]))
    frames = draw(st.lists(st.tuples(st.sampled_from(OTHERS[version]), st.binary(min_size=1, max_size=50))))
    old = draw(
        st.none() | st.sampled_from([b"\0Metal", b"\0Metal\0", b"\1\xff\xfeM\0\0\0", b"\1\xfe\xff\0M"])
    )
    if old is not None:
        frames.insert(draw(st.integers(0, len(frames))), (NAMES[version], old))
    return id3v2(version, frames, padding=draw(st.integers(0, 200)))


@given(tags(), st.lists(texts, min_size=1, max_size=3))
def test_only_the_genre_changes(data, values):
    before = parse_tag(data)
    made = with_genre(before, values)
    after = parse_tag(made)
    assert tag_size(made) == len(made)
    assert after.others == before.others
    assert (after.version, after.flags) == (before.version, before.flags)
    assert genre_of(made) == values
    places = [
        [frame.name for frame in tag.frames].index(tag.genre_name) for tag in (before, after) if tag.genre
    ]
    assert len(set(places)) == 1 or before.genre is None


@given(tags())
def test_a_genre_taken_away_and_put_back_is_the_tag_as_it_was(data):
    before = parse_tag(data)
    without = with_genre(before, [])
    assert genre_of(without) == []
    assert parse_tag(without).others == before.others
    assert len(without) == len(data)


def test_a_tag_keeps_its_size_where_there_is_room_and_its_padding_where_not():
    roomy = id3v2(3, [(b"TCON", b"\0Pop")], padding=20)
    assert len(with_genre(parse_tag(roomy), ["Progressive Rock"])) == len(roomy)
    tight = id3v2(3, [(b"TCON", b"\0Pop")], padding=5)
    made = with_genre(parse_tag(tight), ["Progressive Rock"])
    assert len(parse_tag(made).rest) == 5


def test_byte_order_end_and_encoding_stay_unless_a_sign_is_lacking():
    made = with_genre(parse_tag(id3v2(3, [(b"TCON", b"\1\xfe\xff\0M\0\0")])), ["Jazz"])
    assert parse_tag(made).genre.body == b"\1\xfe\xff" + "Jazz\0".encode("utf-16-be")
    made = with_genre(parse_tag(id3v2(3, [(b"TCON", b"\0Metal\0")])), ["Møre"])
    assert parse_tag(made).genre.body == b"\0M\xf8re\0"
    made = with_genre(parse_tag(id3v2(3, [(b"TCON", b"\0Metal\0")])), ["Шансон"])
    assert parse_tag(made).genre.body == b"\1\xff\xfe" + "Шансон".encode("utf-16-le")
    made = with_genre(parse_tag(id3v2(4, [(b"TCON", b"\0Metal")])), ["Шансон"])
    assert parse_tag(made).genre.body == b"\3" + "Шансон".encode()


def test_large_frames_of_itunes_are_walked_over():
    # Sizes of 2.4 as plain numbers, as iTunes wrote them.
    size = (300).to_bytes(4, "big")
    body = b"TIT2" + size + b"\0\0" + b"\0" + b"a" * 299 + b"TCON" + (6).to_bytes(4, "big") + b"\0\0\0Metal"
    data = b"ID3\4\0\0" + bytes([0, 0, len(body) >> 7, len(body) & 127]) + body
    tag = parse_tag(data)
    assert [frame.name for frame in tag.frames] == [b"TIT2", b"TCON"]
    assert parse_tag(with_genre(tag, ["Jazz"])).others == tag.others


def test_bytes_after_the_frames_that_are_no_padding_stay():
    data = id3v2(3, [(b"TCON", b"\0Metal")], padding=0)
    data = data[:9] + bytes([data[9] + 4]) + data[10:] + b"junk"
    made = with_genre(parse_tag(data), ["Progressive Rock"])
    assert made.endswith(b"junk")
    assert genre_of(made) == ["Progressive Rock"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"ID3\3\0\x40" + bytes(4), "extended header"),
        (b"ID3\4\0\x10" + bytes(4), "footer"),
        (b"ID3\2\0\x40" + bytes(4), "extended header"),
        (b"ID3\5\0\0" + bytes(4), "not supported"),
        (b"ID3\3\0\x80" + bytes([0, 0, 0, 2]) + b"\xff\xff", "invalid unsync"),
    ],
)
def test_what_could_not_be_kept_is_refused(data, words):
    with pytest.raises(TagFormatError, match=words):
        parse_tag(data)


def test_an_empty_tag_can_be_filled():
    assert genre_of(with_genre(parse_tag(EMPTY_TAG), ["Jazz"])) == ["Jazz"]
