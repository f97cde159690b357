"""The genre is written to every tag of a file, and no new tag hides the title of another."""

from __future__ import annotations

import io

import pytest

from catalog.collection.scan.file_tags import kind_of
from catalog.writeback.formats.genre_rewrite import FORMATS, format_of
from catalog.writeback.formats.tag_format import Id3v1Genre, TagFormatError
from tests.integration.writeback.raw_tags import (
    ape_items,
    ape_names,
    chunk_id3,
    flac_blocks,
    id3_cover,
    id3_frames,
    id3_names,
    info_names,
)
from tests.integration.writeback.second_tags import ARTIST, FILES, TITLE, with_id3
from tests.integration.writeback.tagged_files import COVER, id3v1, mp3, ogg

JAZZ = Id3v1Genre(8, is_exact=True)
NEAR_JAZZ = Id3v1Genre(8, is_exact=False)


def written(name: str, *values: str, id3v1_genre: Id3v1Genre = NEAR_JAZZ) -> bytes:
    suffix, make, _ = FILES[name]
    return rewritten(make(), suffix, *values, id3v1_genre=id3v1_genre)


def rewritten(content: bytes, suffix: str, *values: str, id3v1_genre: Id3v1Genre = JAZZ) -> bytes:
    stream = io.BytesIO(content)
    kind = kind_of(stream, f"a.{suffix}".encode())
    assert kind is not None
    FORMATS[kind].write(stream, values, id3v1_genre)
    return stream.getvalue()


@pytest.mark.parametrize("name", FILES)
def test_the_preferred_tag_shows_title_artist_and_the_new_genre(name: str) -> None:
    reader = FILES[name][2]
    assert reader(written(name, "Jazz")) == (TITLE, ARTIST, "Jazz")


@pytest.mark.parametrize("name", FILES)
def test_everything_else_that_was_in_the_file_is_kept(name: str) -> None:
    suffix, make, _ = FILES[name]
    before, after = io.BytesIO(make()), io.BytesIO(written(name, "Jazz"))
    tag_format = FORMATS[str(kind_of(before, f"a.{suffix}".encode()))]
    for then, now in zip(tag_format.other_tags(before), tag_format.other_tags(after), strict=True):
        rest = iter(now)
        assert all(item in rest for item in then)


@pytest.mark.parametrize(
    "name", ["MP3, APE", "MP3, APE and ID3v1", "MP3, APE and bare ID3", "FLAC, APE", "AAC, APE"]
)
def test_the_tag_that_was_there_has_the_new_genre_too(name: str) -> None:
    assert ape_names(written(name, "Jazz")) == (TITLE, ARTIST, "Jazz")


def test_covers_and_fields_without_a_common_name_are_carried_over() -> None:
    made = written("MP3, APE", "Jazz")
    assert id3_cover(made) == COVER
    assert id3_frames(made)["TXXX"] == b"\0MOOD\0loud\0"
    assert id3_frames(made)["TRCK"] == b"\x003/12\0"
    blocks = flac_blocks(written("FLAC, ID3", "Jazz"))
    assert blocks[6].endswith(COVER)
    assert b"MOOD=loud" in blocks[4]
    assert id3_cover(written("FLAC, ID3", "Jazz")) == COVER


def test_a_cover_goes_to_a_new_ape_tag() -> None:
    content = FILES["WavPack, ID3v1"][1]()
    assert set(ape_items(rewritten(content, "wv", "Bebop", id3v1_genre=NEAR_JAZZ))) == {
        "title",
        "artist",
        "album",
        "year",
        "comment",
        "genre",
    }


def test_wavpack_with_only_id3v1_keeps_only_id3v1_if_the_number_is_exact() -> None:
    content = FILES["WavPack, ID3v1"][1]()
    assert rewritten(content, "wv", "Jazz") == content[:-1] + b"\x08"


def test_wave_with_only_info_gets_no_id3() -> None:
    made = written("WAVE, INFO", "Jazz")
    assert chunk_id3(made) == b""
    assert info_names(made) == (TITLE, ARTIST, "Jazz")
    assert info_names(written("WAVE, INFO and bare ID3", "Jazz")) == (TITLE, ARTIST, "Jazz")


@pytest.mark.parametrize("name", FILES)
def test_no_genre_is_left_in_any_tag(name: str) -> None:
    made = written(name, id3v1_genre=Id3v1Genre(None, is_exact=False))
    assert b"Metal" not in made


def test_an_ape_tag_without_a_title_gets_no_genre() -> None:
    """mp3gain writes such a tag."""
    made = rewritten(FILES["MP3, APE"][1]().replace(b"Genre\0Metal", b"mp3gn\0-1.0 "), "mp3", "Jazz")
    assert id3_names(made)[2] == "Jazz"
    gain = b"\x05\0\0\0\0\0\0\0GAIN\0-1.00"
    footer = b"APETAGEX" + (2000).to_bytes(4, "little") + (32 + len(gain)).to_bytes(4, "little")
    footer += (1).to_bytes(4, "little") + bytes(12)
    made = rewritten(mp3() + gain + footer + id3v1(9), "mp3", "Jazz", id3v1_genre=NEAR_JAZZ)
    assert gain + footer + id3v1(8) == made[-len(gain) - 32 - 128 :]
    assert id3_names(made) == ("Song", "Band", "Jazz")


def test_an_id3_tag_before_an_ogg_stream_is_refused() -> None:
    """Its comments would go on stating the old genre."""
    with pytest.raises(TagFormatError, match="precedes its Ogg stream"):
        format_of(io.BytesIO(with_id3(ogg())), b"a.ogg")
