# ruff: noqa: RUF001 - signs of Windows
import pytest

from catalog.collection.scan.legacy_text import LegacyText, TagEncodingError, tag_encoding


def test_latin_1_has_the_signs_of_windows():
    assert LegacyText().decode("Don’t café".encode("cp1252")) == "Don’t café"
    assert LegacyText().decode(b"\x81\x8d") == "\x81\x8d"


def test_an_encoding_is_used_where_it_fits():
    text = LegacyText("shift_jis")
    assert text.decode("歌".encode("shift_jis")) == "歌"
    assert text.decode(b"caf\xe9") == "café"


def test_utf_8_is_preferred_where_it_should_be():
    text = LegacyText("cp1251")
    assert text.decode_utf8("Джаз".encode()) == "Джаз"
    assert text.decode_utf8("Джаз".encode("cp1251")) == "Джаз"


@pytest.mark.parametrize(
    ("name", "encoding"), [("Windows-1251", "cp1251"), ("latin1", "iso8859-1"), ("SJIS", "shift_jis")]
)
def test_encodings_have_pythons_names(name, encoding):
    assert tag_encoding(name) == encoding


@pytest.mark.parametrize("name", ["utf-16", "nonsense", "", "base64", "ebcdic-cp-be", "a\0b"])
def test_other_encodings_are_refused(name):
    with pytest.raises(TagEncodingError, match="cp1251"):
        tag_encoding(name)
