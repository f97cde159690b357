"""The archive's feature sets: which columns they have, whatever the file's order, and what is refused for others."""

import pytest
import sqlalchemy as sa

from catalog.collection.fma.fma_import import import_fma
from catalog.collection.import_vectors import import_vectors
from catalog.csvio.csv_error import CsvSourceError
from catalog.db.tables import feature_set, track
from catalog.features.bulk_write import imported_feature_set
from catalog.features.stored_feature_set import active_feature_set
from catalog.features.vectors import load_matrix
from tests.integration.collection.fma_files import (
    row,
    write_echonest,
    write_features,
    write_genres,
    write_tracks,
)


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "fma_metadata"
    write_tracks(place / "tracks.csv", [row(2), row(5)])
    write_genres(place / "genres.csv")
    write_features(place / "features.csv", [(2, 0.5), (5, 3)])
    write_echonest(place / "echonest.csv", [(2, 0.25, 120, 1), (5, 0.75, 90, 2)])
    return place


def count(database, table):
    with database.read() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar()


def refused(database, folder, reason):
    with pytest.raises(CsvSourceError, match=reason):
        import_fma(database, folder)
    assert count(database, track) == count(database, feature_set) == 0


def vectors_of(database, name):
    with database.read() as connection:
        features = active_feature_set(connection, name)
        assert features is not None
        return load_matrix(connection, features)[1].tolist()


def test_a_name_that_stands_for_other_vectors_is_refused_before_a_track_is_written(database, folder):
    with database.write() as connection:
        imported_feature_set(connection, "echonest", ("energy", "tempo"))
    with pytest.raises(CsvSourceError, match="exists with other dimensions"):
        import_fma(database, folder)
    assert count(database, track) == 0


def test_columns_in_another_order_are_the_same_vectors(database, folder):
    write_features(folder / "features.csv", [(2, [at / 8 for at in range(518)])])
    rows = [line.split(",") for line in (folder / "features.csv").read_text().splitlines()]
    import_fma(database, folder)
    before = vectors_of(database, "fma-518")
    assert before == [[at / 8 for at in range(518)]]
    (folder / "features.csv").write_text(
        "".join(",".join([key, *cells[::-1]]) + "\n" for key, *cells in rows)
    )
    assert [each.changed for each in import_fma(database, folder).vectors] == [0, 0]
    assert vectors_of(database, "fma-518") == before


def test_an_echonest_without_one_of_its_columns_is_refused(database, folder):
    text = (folder / "echonest.csv").read_text()
    (folder / "echonest.csv").write_text(
        "".join(
            ",".join(line.split(",")[:1] + line.split(",")[2:]) for line in text.splitlines(keepends=True)
        )
    )
    refused(database, folder, r"echonest.csv has 236 columns of numbers instead of 237")


def test_a_name_of_the_archive_holds_no_other_vectors(database, tmp_path):
    file = write_features(tmp_path / "mine.csv", [(2, 1)], dimensions=3)
    with pytest.raises(
        CsvSourceError, match="has 3 columns of numbers instead of 518; to import other vectors"
    ):
        import_vectors(database, file, "fma-518")


def test_vectors_with_other_names_are_not_those_of_the_archive(database, folder):
    text = (folder / "features.csv").read_text().replace("zcr", "rhythm")
    (folder / "features.csv").write_text(text)
    refused(
        database,
        folder,
        r"features.csv, lines 1 to 3: rhythm.kurtosis.01 is not a column of fma-518.*features import",
    )
