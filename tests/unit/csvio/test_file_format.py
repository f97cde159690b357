"""Files that are not what their name says."""

import io
import zipfile

import pytest

from catalog.csvio.csv_error import CsvSourceError
from catalog.csvio.csv_table import read_table


def archive(members):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        for name, text in members.items():
            file.writestr(name, text)
    return content.getvalue()


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (
            archive({"mimetype": "application/vnd.oasis.opendocument.spreadsheet"}),
            "OpenDocument file; save it",
        ),
        (archive({"list.csv": "path,genre"}), "zip archive; unpack it"),
        (archive({"[Content_Types].xml": "", "word/document.xml": ""}), "office document"),
        (archive({"xl/workbook.bin": "", "[Content_Types].xml": ""}), "binary Excel file"),
        (archive({"xl/workbook.xml": "<x"}), "damaged Excel file"),
        (archive({"a": "b"})[:30], "damaged Excel or zip file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), "old or encrypted Excel file"),
        (b"%PDF-1.7\n%\xe2\xe3", "PDF document"),
        (b"\xef\xbb\xbf\r\n<!DOCTYPE html><html>", "HTML or XML page"),
        (b"<?xml version='1.0'?><table/>", "HTML or XML page"),
        (b'[{"path": "a", "genre": "Rock"}]', "JSON"),
        (b'{"path": "a"}\n', "JSON"),
        (b"\x1f\x8b\x08\0", "compressed with gzip"),
        (b"SQLite format 3\0", "SQLite database"),
        (b"PAR1\x15", "Parquet file"),
        (b"ID3\x03\0", "an audio file"),
        (b"#EXTM3U\na.mp3\n", "a playlist"),
    ],
)
def test_other_formats_are_refused_in_one_line(tmp_path, content, kind):
    file = tmp_path / "labels.csv"
    file.write_bytes(content)
    with pytest.raises(CsvSourceError, match=kind) as refusal:
        read_table(file, ["path", "genre"])
    assert str(refusal.value).startswith(str(file))
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    "text", ["[Unknown],genre\n", "{x},y\n", "<3,genre\n", "RIFFs,genre"[1:], "PK,genre"]
)
def test_text_that_begins_oddly_is_text(tmp_path, text):
    file = tmp_path / "labels.csv"
    file.write_text(text)
    assert len(read_table(file, ["genre"]).header) == 2
