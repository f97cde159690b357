"""Labels files, however they were saved."""

import csv
import io
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.collection.labels.label_file import read_label_file
from catalog.csvio.csv_error import CsvSourceError
from catalog.db.query.result_writers import write_csv


def saved(folder, text, encoding="utf-8"):
    file = folder / "labels.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return file


def cells(file, **options):
    return [(row.line, row.path, *row.genres) for row in read_label_file(file, **options).rows]


def test_a_plain_file(tmp_path):
    file = saved(tmp_path, "path,genre,artist,title\na.mp3,Rock,Band,Song\n\nb.mp3,,,\n")
    read = read_label_file(file)
    assert (read.separator, read.encoding, read.genre_column) == (",", "utf-8", "genre")
    first, second = read.rows
    assert (first.line, first.path, first.genres, first.artist) == (2, "a.mp3", ("Rock",), "Band")
    assert first.title == "Song"
    assert (second.line, second.genres, second.artist) == (4, (), None)


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
    # With more cells than the header it is not known which one is the path.
    file = saved(tmp_path, "genre,path\nRock\nPop,b.mp3,more,cells\nJazz,c.mp3,,\n")
    assert cells(file) == [(2, None, "Rock"), (4, "c.mp3", "Jazz")]
    assert read_label_file(file).too_long == (3,)


def test_cells_after_the_genre_column_are_genres(tmp_path):
    file = saved(tmp_path, "TRACK_ID\tTAGS\n7\tgenre---rock\tgenre---pop\tinstrument---piano\n", "utf-8")
    (row,) = read_label_file(file, {"external_id": "track_id", "genre": "tags"}).rows
    assert (row.external_id, row.genres) == ("7", ("rock", "pop"))


@pytest.mark.parametrize(
    "before",
    ["sep=;\n", '"sep=;"\r\n', "\n\n", "# my genres\n\n", "Genres of 2024; by ear\n", "  \n;;\nSEP=;\n", "#"],
)
def test_lines_before_the_header(tmp_path, before):
    file = saved(tmp_path, f"{before}path;genre\n#1 Hits/1.mp3;Rock, Pop\n")
    line = before.count("\n") + 2
    assert cells(file) == [(line, "#1 Hits/1.mp3", "Rock, Pop")]


def test_several_genre_columns_count_and_others_are_refused(tmp_path):
    assert cells(saved(tmp_path, "path,Genre,genre\na,Soul,Funk\n")) == [(2, "a", "Soul", "Funk")]
    with pytest.raises(CsvSourceError, match=r"line 2: the column 'path' appears twice .columns 1 and 3."):
        read_label_file(saved(tmp_path, "\npath,genre,PATH\na,Soul,b\n"))
    # A second column that is not used does no harm.
    assert cells(saved(tmp_path, "path,note,note,genre\na,x,y,Soul\n")) == [(2, "a", "Soul")]


@pytest.mark.parametrize(
    "path", [" a.mp3", "'=a.mp3", "-M-.mp3", "@a", "=1", "\tb", "a\nb", "'quoted'", "''-x", '="q"']
)
def test_paths_that_export_guards_are_read_as_they_were(tmp_path, path):
    file = tmp_path / "labels.csv"
    with file.open("wb") as stream:
        write_csv(stream, ["path", "genre"], [[path, "Rock"]])
    assert cells(file) == [(2, path, "Rock")]


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
        ('path,genre\na,"b\nc,d\n', {}, "line 2: a quotation mark is not closed"),
        ("path,genre\na,b\0\n", {}, "line 2: a NUL character"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", {}, "it is an image"),
        ("x" * 5_000, {}, f"it has: {'x' * 39}…\\."),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tmp_path, text, columns, message):
    with pytest.raises(CsvSourceError, match=message) as refusal:
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
    with pytest.raises(CsvSourceError, match=message):
        read_label_file(file, encoding=encoding)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(CsvSourceError, match="does not exist"):
        read_label_file(tmp_path / "absent.csv")
    with pytest.raises(CsvSourceError, match="cannot be read"):
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
    assert [(row.path, *row.genres, row.title) for row in read.rows] == rows
    assert read.separator == separator


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_rows_or_a_message(tmp_path_factory, content):
    file = tmp_path_factory.getbasetemp() / "any.csv"
    file.write_bytes(b"path,genre\n" + content)
    with suppress(CsvSourceError):
        for row in read_label_file(file).rows:
            assert "\0" not in (row.path or "") + (row.title or "")
