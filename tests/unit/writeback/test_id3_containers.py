"""ID3 tags at the start and the end of a file."""

import io
import struct
import tracemalloc
import zlib

from catalog.writeback.formats.genre_rewrite import FORMATS
from catalog.writeback.formats.tag_format import Id3v1Genre
from tests.integration.writeback.tagged_files import id3v1, id3v2, syncsafe

AUDIO = b"\xff\xfb" + bytes(200)
JAZZ = Id3v1Genre(8, is_exact=True)


def written(content, values, id3v1_genre=JAZZ):
    stream = io.BytesIO(content)
    FORMATS["MP3"].write(stream, values, id3v1_genre)
    return stream.getvalue()


def test_a_file_with_only_id3v1_keeps_only_id3v1_if_the_number_is_exact():
    content = AUDIO + id3v1(9)
    assert written(content, ["Jazz"]) == content[:-1] + b"\x08"


def test_a_file_with_only_id3v1_gets_id3v2_if_the_number_is_not_exact():
    made = written(AUDIO + id3v1(9), ["Bebop"], Id3v1Genre(8, is_exact=False))
    assert made.startswith(b"ID3\x03")
    assert b"Song" in made[:-128]
    assert made[-1] == 8


def test_no_values_remove_the_genre_and_keep_the_other_tags():
    content = id3v2(3, [(b"TIT2", b"\0Song"), (b"TCON", b"\0Metal")]) + AUDIO
    before = FORMATS["MP3"].other_tags(io.BytesIO(content))
    made = written(content, [])
    assert b"TCON" not in made
    assert FORMATS["MP3"].other_tags(io.BytesIO(made)) == before


def test_only_version_24_holds_several_values():
    for version, expected in ((2, True), (3, True), (4, False)):
        assert FORMATS["MP3"].holds_one_value(io.BytesIO(id3v2(version, []) + AUDIO)) is expected


def test_compressed_frames_are_kept_and_not_unpacked():
    packed = zlib.compress(bytes(100_000_000), 9)
    frame = b"COMM" + struct.pack(">L", len(packed) + 4) + b"\0\x80" + struct.pack(">L", 100_000_000) + packed
    content = id3v2(3, [(b"TIT2", b"\0Song")], padding=0)
    content = content[:6] + syncsafe(len(content) - 10 + len(frame)) + content[10:] + frame + AUDIO + id3v1(9)
    tracemalloc.start()
    made = written(content, ["Jazz"])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert frame in made
    assert peak < 20_000_000
