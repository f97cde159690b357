"""Labels files, however they were saved."""

import csv
import io
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.collection.labels.label_file import LabelFileError, decode, read_label_file


def saved(folder, text, encoding="utf-8"):
    file = folder / "labels.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return file


def cells(file, **options):
    return [(row.line, row.path, row.genre) for row in read_label_file(file, **options).rows]


def test_a_plain_file(tmp_path):
    file = saved(tmp_path, "path,genre,artist,title\na.mp3,Rock,Band,Song\n\nb.mp3,,,\n")
    read = read_label_file(file)
    assert (read.separator, read.encoding, read.genre_column) == (",", "utf-8", "genre")
    first, second = read.rows
    assert (first.line, first.path, first.genre, first.artist, first.title) == (
        2,
        "a.mp3",
        "Rock",
        "Band",
        "Song",
    )
    assert (second.line, second.genre, second.artist) == (4, None, None)


@pytest.mark.parametrize("separator", list(",;\t|"))
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_separators_and_encodings_are_found(tmp_path, separator, encoding):
    text = "\r\n".join(
        separator.join(row)
        for row in [("path", "Genre", "title"), ("Müller/1.mp3", "Schlager", "Grüße aus Köln"), ("Édith/2.mp3", "Chanson", "Non, je ne regrette rien à côté" if separator != "," else "Non")]  # noqa: E501
    )  # fmt: skip
    read = read_label_file(saved(tmp_path, text, encoding))
    assert read.separator == separator
    assert [row.path for row in read.rows] == ["Müller/1.mp3", "Édith/2.mp3"]
    assert read.rows[0].title == "Grüße aus Köln"


def test_columns_have_other_names_and_any_case(tmp_path):
    file = saved(tmp_path, "DATEI;Stil;Nr\na.mp3;Rock;1\n")
    assert cells(file, columns={"genre": "stil", "path": "Datei"}) == [(2, "a.mp3", "Rock")]


def test_cells_of_several_lines_and_quotes(tmp_path):
    file = saved(tmp_path, 'path,genre,title\n"a ""b"".mp3","Rock\nMetal","x,\ny"\nc.mp3,Pop,z\n')
    assert cells(file) == [(2, 'a "b".mp3', "Rock\nMetal"), (5, "c.mp3", "Pop")]


def test_short_and_long_rows(tmp_path):
    assert cells(saved(tmp_path, "genre,path\nRock\nPop,b.mp3,more,cells\n")) == [
        (2, None, "Rock"),
        (3, "b.mp3", "Pop"),
    ]


@pytest.mark.parametrize(
    ("text", "columns", "message"),
    [
        ("", {}, "is empty"),
        ("path,genre\n", {}, "no rows"),
        ("path,style\na,b\n", {}, r"no column 'genre'; it has: path, style.*--columns genre="),
        ("file;genre\na;b\n", {}, r"no column 'path' or 'external_id'; it has: file, genre"),
        ("path,genre\na,b\n", {"genre": "Stil"}, r"no column 'Stil'; it has: path, genre"),
        ("path,genre\na,b\n", {"gnere": "Stil"}, r"'gnere' is not a column"),
        ("path,genre\na," + "x" * 200_000, {}, "line 2"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", {}, "no column 'genre'"),
        ("x" * 5_000, {}, f"it has: {'x' * 40}…\\."),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tmp_path, text, columns, message):
    with pytest.raises(LabelFileError, match=message) as refusal:
        read_label_file(saved(tmp_path, text), columns)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("encoding", ["cp1250", "CP1250", "utf-16-le", "utf-8"])
def test_an_encoding_that_is_given_is_taken(tmp_path, encoding):
    # Too short to tell: by itself it would be Peńa or Peña as chance will have it.
    file = saved(tmp_path, "\ufeff" * encoding.startswith("utf") + "path,genre\nPeńa.mp3,Rock\n", encoding)
    assert cells(file, encoding=encoding) == [(2, "Peńa.mp3", "Rock")]
    assert read_label_file(file, encoding=encoding).encoding == encoding.lower()


@pytest.mark.parametrize(
    ("encoding", "message"),
    [
        ("utf-8", "line 3: the text is not utf-8"),
        ("klingon", "no encoding 'klingon'"),
        ("rot13", "no encoding"),
    ],
)
def test_an_encoding_that_does_not_fit_is_said(tmp_path, encoding, message):
    file = saved(tmp_path, "path,genre\na.mp3,Rock\nPeña.mp3,Rock\n", "cp1252")
    with pytest.raises(LabelFileError, match=message):
        read_label_file(file, encoding=encoding)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(LabelFileError, match="does not exist"):
        read_label_file(tmp_path / "absent.csv")
    with pytest.raises(LabelFileError, match="cannot be read"):
        read_label_file(tmp_path)


printable = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp", "Zs", "Cf"]), min_size=1, max_size=20
)


@given(
    rows=st.lists(st.tuples(printable, printable, printable), min_size=1, max_size=8),
    separator=st.sampled_from(",;\t|"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    ending=st.sampled_from(["\n", "\r\n"]),
)
def test_what_is_written_is_read(tmp_path_factory, rows, separator, encoding, ending):
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=separator, lineterminator=ending)
    writer.writerow(["path", "genre", "title"])
    writer.writerows(rows)
    file = tmp_path_factory.getbasetemp() / "round.csv"
    file.write_bytes(text.getvalue().encode(encoding))
    read = read_label_file(file)
    assert [(row.path, row.genre, row.title) for row in read.rows] == rows
    assert read.separator == separator


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_rows_or_a_message(tmp_path_factory, content):
    file = tmp_path_factory.getbasetemp() / "any.csv"
    file.write_bytes(b"path,genre\n" + content)
    with suppress(LabelFileError):
        for row in read_label_file(file).rows:
            assert "\0" not in (row.path or "") + (row.title or "")


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
    assert decode(text.encode(encoding)) == (text, encoding)


@settings(max_examples=20, deadline=None)
@given(st.text(st.characters(codec="cp1252", exclude_categories=["Cc"]), max_size=60))
def test_decoding_never_fails(text):
    decoded, _ = decode(text.encode("cp1252"))
    assert isinstance(decoded, str)
