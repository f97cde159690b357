"""Text in any common encoding."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.csvio.csv_error import CsvSourceError
from catalog.csvio.text_encoding import decode, detect_encoding


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1252", "Mötley Crüe/Häßlich.mp3,Müsik\n"),
        ("cp1252", "José/Canción.mp3,Música\nPeña/Mañana.mp3,Español\n"),
        ("cp1252", "a/Peña.mp3,Pop\n"),
        ("cp1252", "Étienne/Élève.mp3,Chanson française\n"),
        ("cp1252", "Søren/Blåbær.mp3,Pop\n"),
        ("cp1252", "João/Coração.mp3,MPB\n"),
        ("cp1250", "Łona/Żółć.mp3,Muzyka\nKasia/Książę.mp3,Poezja śpiewana\n"),
        ("cp1251", "Кино/Группа крови.mp3,Рок\n"),
        ("cp932", "宇多田/初恋.mp3,ポップ\n"),
        ("big5", "周杰倫/七里香.mp3,流行\n"),
        ("euc_kr", "아이유/좋은날.mp3,발라드\n"),
    ],
)
def test_the_likeliest_encoding_and_of_equals_the_commonest(encoding, text):
    text = f"path,genre\n{text}"
    assert decode("x.csv", text.encode(encoding)) == (text, encoding)


@settings(max_examples=20, deadline=None)
@given(st.text(st.characters(codec="cp1252", exclude_categories=["Cc"]), max_size=60))
def test_decoding_never_fails(text):
    decoded, _ = decode("x.csv", text.encode("cp1252"))
    assert isinstance(decoded, str)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-16-le", "utf-16-be", "utf-8-sig"])
def test_unicode_with_and_without_byte_order_marks(encoding):
    assert decode("x.csv", "path,genre\nMüller,Rock\n".encode(encoding))[0] == "path,genre\nMüller,Rock\n"


def test_the_beginning_of_a_file_may_end_within_a_character():
    content = "päth".encode()[:2]
    assert detect_encoding(content, is_whole=False) == "utf-8"
    assert detect_encoding(content) != "utf-8"


def test_nul_is_refused_with_its_line():
    with pytest.raises(CsvSourceError, match=r"x.csv, line 3: a NUL character"):
        decode("x.csv", b"a\nb\n\0", "latin-1")


def test_a_stray_byte_leaves_the_other_letters_of_utf8():
    text = "path,genre\n" + "Jürgen Höß/Grüße.mp3,Müsik\n" * 5
    assert decode("x.csv", text.encode() + b"\xe9.mp3,Rock\n") == (
        f"{text}\N{REPLACEMENT CHARACTER}.mp3,Rock\n",
        "utf-8",
    )
