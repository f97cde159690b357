"""Ready-made vectors into both databases."""

import numpy as np
import pytest
import sqlalchemy as sa

from catalog.collection.fma.fma_import import import_fma
from catalog.collection.import_vectors import import_vectors
from catalog.collection.roots import CollectionRootError
from catalog.collection.scan.scan import scan
from catalog.csvio.csv_error import CsvSourceError
from catalog.db.query.result_writers import write_xlsx
from catalog.db.tables import feature_vector, track
from catalog.features.stored_feature_set import active_feature_set
from catalog.features.vectors import load_matrix
from tests.integration.collection.fma_files import row, write_features, write_tracks


def saved(folder, text):
    file = folder / "vectors.csv"
    file.write_text(text, encoding="utf-8")
    return file


def vectors(database, name):
    with database.read() as connection:
        recipe = active_feature_set(connection, name)
        assert recipe is not None
        ids, matrix = load_matrix(connection, recipe)
        return recipe.dimensions, dict(zip(ids.tolist(), matrix.tolist(), strict=True))


@pytest.fixture
def fma(database, tmp_path):
    import_fma(database, write_tracks(tmp_path / "tracks.csv", [row(2), row(300)]))
    with database.read() as connection:
        query = sa.select(track.c.external_id, track.c.id)
        return {int(number): key for number, key in connection.execute(query)}


def test_the_official_layout(database, fma, tmp_path):
    file = write_features(tmp_path / "f.csv", [(2, [1, 2]), (300, ["", ""]), (7, [5, 6])], dimensions=2)
    report = import_vectors(database, file, "ours")
    done = report.vectors
    assert (report.key, done.matched, done.new, done.unknown, done.blank) == ("external", 1, 1, 1, 1)
    assert (report.unknown_examples, report.skipped) == (["7"], 0)
    assert vectors(database, "ours") == (("mfcc.mean.000", "mfcc.mean.001"), {fma[2]: [1, 2]})
    again = import_vectors(database, file, "ours").vectors
    assert (again.matched, again.new, again.changed) == (1, 0, 0)


@pytest.mark.parametrize("column", ["fma_id", "external_id"])
def test_flat_by_the_archives_id(database, fma, tmp_path, column):
    report = import_vectors(database, saved(tmp_path, f'{column},a,b\n"300",1,2\n2,3,4'), "ours")
    assert report.vectors.new == 2
    assert vectors(database, "ours") == (("a", "b"), {fma[300]: [1, 2], fma[2]: [3, 4]})


def test_flat_by_the_catalogs_id_or_as_told(database, fma, tmp_path):
    file = saved(tmp_path, f"track_id,a\n{fma[300]},1\n999999999999999999,2\n")
    report = import_vectors(database, file, "ours")
    assert (report.vectors.new, report.vectors.unknown) == (1, 1)
    file = saved(tmp_path, "track_id,a\n300,1\n")
    assert import_vectors(database, file, "theirs", key="external").vectors.new == 1


def test_flat_by_path(database, music, make_song, tmp_path):
    make_song(music / "a/1.mp3", 1)
    make_song(music / "a/2, live.mp3", 2)
    scan(database, music, name="Music")
    file = saved(tmp_path, f'path,x,y\n{music}/a/1.mp3,1,2\n"a\\2, live.mp3",3,4\nb.mp3,5,6\n')
    report = import_vectors(database, file, "ours", collection_name="Music")
    assert (report.key, report.vectors.new, report.unknown_examples) == ("path", 2, ["b.mp3"])
    with pytest.raises(CollectionRootError, match="no collection 'Else'"):
        import_vectors(database, file, "ours", collection_name="Else")


def test_bad_rows_are_left_out_with_their_line(database, fma, tmp_path):
    file = saved(tmp_path, "fma_id,a,b\n2,1,nan\n2,1\n2,1,2,3\n\n2,x,1\n2,1,inf\n2,,1\n300,1,2\n300,3,4\n")
    report = import_vectors(database, file, "ours")
    assert report.problems == [
        "vectors.csv, line 2: a number is missing or infinite; skipped",
        "vectors.csv, line 3: 1 numbers instead of 2; skipped",
        "vectors.csv, line 4: 3 numbers instead of 2; skipped",
        "vectors.csv, line 6: a cell is not a number; skipped",
        "vectors.csv, line 7: a number is missing or infinite; skipped",
        "vectors.csv, line 8: a number is missing or infinite; skipped",
        "vectors.csv, line 10: track 300 occurs twice; skipped",
    ]
    assert vectors(database, "ours")[1] == {fma[300]: [1, 2]}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "line 1: no header"),
        ("path\n1\n", "line 1: no header"),
        ("2,0.5,0.25\n3,1,2\n", "numbers instead of column names"),
        ("path,a,a\nx,1,2\n", "two columns have the same name"),
        ("path,a,\nx,1,2\n", "a column has no name"),
        ("feature,a,b\nstatistics,mean,max\nnumber,1,2\n7,1,2\n", "invalid header"),
        ("feature,a,b\nstatistics,mean,max\nnumber,1\ntrack_id,,\n", "invalid header"),
    ],
)
def test_wrong_headers_are_refused(database, fma, tmp_path, text, reason):
    with pytest.raises(CsvSourceError, match=reason):
        import_vectors(database, saved(tmp_path, text), "ours")


def test_names_of_other_vectors_are_refused(database, fma, tmp_path):
    with pytest.raises(CsvSourceError, match="is a built-in feature set"):
        import_vectors(database, saved(tmp_path, "fma_id,a\n2,1\n"), "musicnn")
    with pytest.raises(CsvSourceError, match="is a built-in feature set"):
        import_vectors(database, saved(tmp_path, "fma_id,a\n2,1\n"), "pca")
    import_vectors(database, saved(tmp_path, "fma_id,a\n2,1\n"), "ours")
    with pytest.raises(CsvSourceError, match=r"exists with other dimensions"):
        import_vectors(database, saved(tmp_path, "fma_id,a,b\n2,1,2\n"), "ours")


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("", "vectors.csv has no row with a vector; nothing was imported"),
        ("2,\n\n", "vectors.csv has no row with a vector; nothing was imported"),
        (
            "2,nan\n",
            "no row with a vector .vectors.csv, line 2: a number is missing or infinite; skipped.;",
        ),
    ],
)
def test_a_file_without_a_vector_is_refused_and_makes_no_feature_set(database, fma, tmp_path, rows, words):
    with pytest.raises(CsvSourceError, match=words):
        import_vectors(database, saved(tmp_path, f"fma_id,a\n{rows}"), "ours")
    with database.read() as connection:
        assert active_feature_set(connection, "ours") is None


def test_rows_that_all_name_no_track_make_no_feature_set(database, fma, tmp_path):
    report = import_vectors(database, saved(tmp_path, "fma_id,a\n7,1\n8,2\n"), "ours")
    assert (report.vectors.unknown, report.vectors.matched, report.unknown_examples) == (2, 0, ["7", "8"])
    with database.read() as connection:
        assert active_feature_set(connection, "ours") is None


@pytest.mark.parametrize(
    "name", ["../x", "", "a b", "-x", ".x", "_x", "a/b", "a\nb", "x" * 65, "\N{RIGHT-TO-LEFT OVERRIDE}a"]
)
def test_what_is_no_name_is_refused(database, fma, tmp_path, name):
    with pytest.raises(CsvSourceError, match="is not a valid feature set name") as refused:
        import_vectors(database, saved(tmp_path, "fma_id,a\n2,1\n"), name)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", ["my-vectors_2.0", "Müller", "vggish+", "7"])
def test_what_is_a_name(database, fma, tmp_path, name):
    assert import_vectors(database, saved(tmp_path, "fma_id,a\n2,1\n"), name).vectors.new == 1


def test_a_dry_run_and_a_changed_vector(database, fma, tmp_path):
    file = saved(tmp_path, "fma_id,a\n2,1\n")
    assert import_vectors(database, file, "ours", dry_run=True).vectors.new == 1
    with database.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(feature_vector)).scalar() == 0
    import_vectors(database, file, "ours")
    assert import_vectors(database, saved(tmp_path, "fma_id,a\n2,7\n"), "ours").vectors.changed == 1
    assert vectors(database, "ours")[1] == {fma[2]: [7]}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize(
    "text",
    [
        "Dateiname;x;y\na/Jörg.mp3;0,5;-1,25e1\nb.mp3;1;2\n",
        "sep=;\r\nDateiname;x;y\r\na/Jörg.mp3;0.5;-12.5\r\nb.mp3;1;2\r\n",
        "\nFeatures, made in 2024\n\nDateiname\tx\ty\na/Jörg.mp3\t0.5\t-12.5\nb.mp3\t1\t2\n",
        "# a comment, with commas\nDateiname|x|y\na/Jörg.mp3|0.5|-12.5\nb.mp3|1|2\n",
        "x,Dateiname,y,label\n0.5,a/Jörg.mp3,-12.5,blues\n1,b.mp3,2,rock\n",
    ],
)
def test_separators_encodings_and_lines_before_the_header(
    database, music, make_song, tmp_path, text, encoding
):
    make_song(music / "a/Jörg.mp3", 1)
    scan(database, music)
    file = tmp_path / "vectors.csv"
    file.write_bytes(text.encode(encoding))
    report = import_vectors(database, file, "ours", columns={"path": "dateiname"})
    assert (report.vectors.new, report.skipped, report.unknown_examples) == (1, 0, ["b.mp3"])
    assert report.texts == (("label",) if "label" in text else ())
    assert [*vectors(database, "ours")[1].values()] == [[0.5, -12.5]]


def test_an_excel_file(database, fma, tmp_path):
    file = tmp_path / "vectors.csv"
    with file.open("wb") as stream:
        write_xlsx(stream, ["external_id", "a", "b"], [["2", 0.1, 3], ["300", -1e-20, None]])
    report = import_vectors(database, file, "ours")
    assert (report.vectors.new, report.problems) == (
        1,
        ["vectors.csv, line 3: a number is missing or infinite; skipped"],
    )
    assert vectors(database, "ours")[1] == {fma[2]: [np.float32(0.1), 3]}


def test_track_ids_of_the_data_set_are_told_from_those_of_the_catalog(database, fma, tmp_path):
    report = import_vectors(database, saved(tmp_path, "track_id,a\n2,1\n300,3\n"), "theirs")
    assert (report.key, report.vectors.new) == ("external", 2)
    report = import_vectors(database, saved(tmp_path, f"id,a\n{fma[2]},1\n{fma[300]},3\n"), "ours")
    assert (report.key, vectors(database, "ours")[1]) == ("catalog", {fma[2]: [1], fma[300]: [3]})


def test_why_no_row_matches_is_reported_at_once(database, fma, tmp_path):
    remarks: list[str] = []
    import_vectors(database, saved(tmp_path, "path,a\nD:\\x\\7.mp3,1\n"), "ours", on_warning=remarks.append)
    assert "none of the first 1 rows matches a track; the first, line 2: path 'D:" in remarks[0]


@pytest.mark.parametrize(
    ("text", "columns", "reason"),
    [
        ("name,label\nx,rock\n", {}, "no numbers after its first row"),
        ("a,b\n1,2\n", {"path": "file"}, "line 1: no column 'file'; the columns are: a, b"),
        ("a,a\n1,2\n", {"path": "a"}, "line 1: two columns 'a'"),
        ("a,b\n1,2\n", {"genre": "a"}, "'genre' is not a key column"),
        ("a,b\n1,2\n", {"path": "a", "track_id": "b"}, "give one key column"),
    ],
)
def test_wrong_key_columns_are_refused(database, fma, tmp_path, text, columns, reason):
    with pytest.raises(CsvSourceError, match=reason):
        import_vectors(database, saved(tmp_path, text), "ours", columns=columns)
