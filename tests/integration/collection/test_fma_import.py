"""The Free Music Archive's metadata into both databases."""

import shutil
import zipfile
from typing import cast

import numpy as np
import pytest
import sqlalchemy as sa

from catalog.collection.collections import list_collections
from catalog.collection.fma.fma_import import import_fma
from catalog.collection.fma.fma_vectors import ECHONEST
from catalog.collection.roots import CollectionRootError
from catalog.collection.scan.scan import scan
from catalog.csvio.csv_error import CsvSourceError
from catalog.db.columns import metadata
from catalog.db.database import Database
from catalog.db.derived.track_status import track_status_differences
from catalog.db.tables import album, artist, fma_track, genre, statement, track, track_status
from catalog.features.stored_feature_set import active_feature_set
from catalog.features.vectors import load_matrix, tracks_without_vector
from tests.integration.collection.fma_files import (
    NAMES,
    row,
    write_echonest,
    write_features,
    write_genres,
    write_tracks,
)

ROWS = [
    row(2, track_tags="['awol', \"d'n'b\"]", track_genres="[21, 83]"),
    row(3, set_subset="medium", track_genre_top="", track_genres="[12, 25]", set_split="test"),
    row(
        5,
        set_subset="large",
        track_genre_top="Rock",
        track_genres="[83]",
        artist_id="2",
        artist_name="Various",
    ),
    row(1007, set_subset="large", track_genre_top="", track_genres="[]", track_listens="", album_title=""),
]

NO_DATABASE = cast("Database", None)
"""The file is rejected before the database is used."""


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "fma_metadata"
    write_tracks(place / "tracks.csv", ROWS)
    write_genres(place / "genres.csv")
    write_features(place / "features.csv", [(2, 0.5), (3, -1.25), (5, 3), (1007, 1e-9)])
    write_echonest(place / "echonest.csv", [(2, 0.25, 120, 1), (5, 0.75, 90, 2)])
    return place


def everything(database):
    """All rows of all tables."""
    with database.read() as connection:
        assert track_status_differences(connection) == 0
        return {
            table.name: sorted(map(repr, connection.execute(sa.select(table))))
            for table in metadata.sorted_tables
        }


def ask(database, *columns):
    """Columns of tracks with their archive's and standing's, by the archive's id."""
    query = (
        sa.select(track.c.external_id, *columns)
        .join_from(track, fma_track)
        .join(track_status, track_status.c.track_id == track.c.id)
    )
    with database.read() as connection:
        return {int(found[0]): tuple(found[1:]) for found in connection.execute(query)}


def test_tracks_with_all_that_is_said_of_them(database, folder):
    report = import_fma(database, folder)
    assert (report.tracks, report.recorded.added, report.skipped, report.problems) == (4, 4, 0, [])
    own = fma_track.c
    assert ask(
        database, track.c.title, track.c.duration, track.c.year, track.c.state, own.listens, own.tags
    ) == {
        2: ("Title 2", 168.0, 2009, "metadata", 1293, ["awol", "d'n'b"]),
        3: ("Title 3", 168.0, 2009, "metadata", 1293, None),
        5: ("Title 5", 168.0, 2009, "metadata", 1293, None),
        1007: ("Title 1007", 168.0, 2009, "metadata", None, None),
    }
    assert ask(database, own.subset, own.split)[3] == ("medium", "test")
    with database.read() as connection:
        assert connection.execute(
            sa.select(artist.c.name, artist.c.is_placeholder).order_by(artist.c.id)
        ).all() == [
            ("Somebody", False),
            ("Various", True),
        ]
        (information,) = connection.execute(sa.select(album.c.information)).scalars()
        assert information == '<p class="a">One, "two" <br />three</p>'
        (kept,) = list_collections(connection)
        assert (kept.name, kept.kind) == ("FMA", "data_set")


def test_genres_are_one_statement_and_never_invented(database, folder):
    report = import_fma(database, folder)
    assert (report.recorded.statements, report.recorded.contradicting, report.recorded.without_genre) == (
        3,
        1,
        1,
    )
    assert ask(database, track_status.c.tagged_genres, fma_track.c.contradicts) == {
        2: ("Nerdcore", False),
        3: ("Punk", False),
        5: ("Nerdcore; Rock", True),
        1007: (None, False),
    }
    with database.read() as connection:
        said = connection.execute(
            sa.select(statement.c.source, statement.c.origin, statement.c.as_written).order_by(
                statement.c.track_id
            )
        ).all()
    assert said == [
        ("import", "genre_top, genres", "Hip-Hop; [21, 83]"),
        ("import", "genre_top, genres", "[12, 25]"),
        ("import", "genre_top contradicts genres", "Rock; [83]"),
    ]


def test_vectors_are_feature_sets_of_their_own(database, folder):
    report = import_fma(database, folder)
    assert [(each.feature_set, each.dimensions, each.matched, each.new) for each in report.vectors] == [
        ("fma-518", 518, 4, 4),
        ("echonest", 237, 2, 2),
    ]
    with database.read() as connection:
        official = active_feature_set(connection, "fma-518")
        assert official is not None
        assert official.dimensions[:2] == ("chroma_cens.kurtosis.01", "chroma_cens.kurtosis.02")
        _, matrix = load_matrix(connection, official)
        assert matrix[:, 517].tolist() == [0.5, -1.25, 3, np.float32(1e-9)]
        echonest = active_feature_set(connection, "echonest")
        assert echonest is not None
        assert echonest.dimensions == ECHONEST
        places = [
            ECHONEST.index(f"echonest.{name}")
            for name in ("audio_features.energy", "audio_features.tempo", "temporal_features.000")
        ]
        assert load_matrix(connection, echonest)[1][:, places].tolist() == [[0.25, 120, 1], [0.75, 90, 2]]


def test_a_second_time_changes_nothing(database, folder):
    import_fma(database, folder)
    before = everything(database)
    report = import_fma(database, folder)
    assert (report.recorded.added, report.recorded.changed, report.recorded.unchanged) == (0, 0, 4)
    assert [(each.new, each.changed) for each in report.vectors] == [(0, 0), (0, 0)]
    assert everything(database) == before


def test_interrupted_and_repeated_gives_the_same_rows(database, folder, monkeypatch):
    monkeypatch.setattr("catalog.collection.fma.fma_import.TRACKS_PER_TRANSACTION", 1)
    monkeypatch.setattr("catalog.collection.fma.fma_import.VECTORS_PER_TRANSACTION", 1)
    steps = 0

    def stop(_done, _total, _remark):
        nonlocal steps
        steps += 1
        if steps in {2, 7, 14}:
            raise KeyboardInterrupt

    for _ in range(3):
        with pytest.raises(KeyboardInterrupt):
            import_fma(database, folder, on_progress=stop)
    import_fma(database, folder)
    assert import_fma(database, folder).recorded.unchanged == 4
    assert ask(database, track_status.c.tagged_genres)[5] == ("Nerdcore; Rock",)
    with database.read() as connection:
        counts = [
            connection.execute(sa.select(sa.func.count()).select_from(each)).scalar()
            for each in (track, statement)
        ]
    assert counts == [4, 3]


def test_what_changed_in_the_files_is_said_anew(database, folder):
    import_fma(database, folder)
    changed = [
        row(2, track_genre_top="Rock", track_genres="[25]", artist_id="9", artist_name="Else"),
        *ROWS[1:],
    ]
    write_tracks(folder / "tracks.csv", changed)
    write_features(folder / "features.csv", [(2, 0.5), (3, 7)])
    report = import_fma(database, folder)
    assert (report.recorded.changed, report.recorded.statements, report.vectors[0].changed) == (1, 1, 1)
    assert ask(database, track_status.c.tagged_genres)[2] == ("Punk",)
    with database.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(statement)).scalar() == 4
        assert track_status_differences(connection) == 0


@pytest.mark.parametrize(("subset", "ids"), [("small", {2}), ("medium", {2, 3}), ("large", {2, 3, 5, 1007})])
def test_a_subset_holds_the_smaller_ones(database, folder, subset, ids):
    report = import_fma(database, folder, subset=subset)
    assert ask(database).keys() == ids
    assert report.vectors[0].unknown == 4 - len(ids)
    assert report.problems == []


def test_a_dry_run_changes_nothing(database, folder):
    before = everything(database)
    report = import_fma(database, folder, dry_run=True)
    assert (report.recorded.added, report.vectors[0].matched) == (4, 4)
    assert everything(database) == before


def test_a_zip_gives_what_the_folder_gives(database, folder, tmp_path):
    file = tmp_path / "fma_metadata.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for each in sorted(folder.iterdir()):
            archive.write(each, f"fma_metadata/{each.name}")
    assert import_fma(database, file).recorded.added == 4
    assert import_fma(database, folder).recorded.unchanged == 4


def test_tracks_alone(database, folder, tmp_path):
    shutil.copy(folder / "tracks.csv", tmp_path / "excerpt.csv")
    report = import_fma(database, tmp_path / "excerpt.csv", name="Excerpt")
    assert (report.collection, report.recorded.added, report.vectors) == ("Excerpt", 4, [])
    assert ask(database, track_status.c.tagged_genres)[2] == ("Nerdcore",)


def test_files_make_tracks_present_and_pending(database, folder, music, make_song):
    make_song(music / "000/000002.mp3", 1, title="Other", genre="Jazz")
    make_song(music / "001/001007.mp3", 2)
    import_fma(database, folder)
    with database.read() as connection:
        assert connection.execute(tracks_without_vector([1])).all() == []
    report = import_fma(database, folder, audio=music)
    assert (report.recorded.with_file, report.recorded.changed) == (2, 2)
    assert ask(database, track.c.state, track.c.path, track.c.title, track.c.duration != 168)[2] == (
        "present",
        "000/000002.mp3",
        "Title 2",
        True,
    )
    assert ask(database, track.c.state)[3] == ("metadata",)
    with database.read() as connection:
        recipe = active_feature_set(connection, "echonest")
        assert len(connection.execute(tracks_without_vector([recipe.id])).all()) == 1
    before = everything(database)
    assert import_fma(database, folder, audio=music).recorded.unchanged == 4
    assert everything(database) == before
    assert scan(database, music).unchanged == 2


def test_a_scanned_folder_gets_what_the_archive_says(database, folder, music, make_song):
    make_song(music / "clips/000/000002.mp3", 1, title="Mine")
    scan(database, music, name="My music")
    report = import_fma(database, folder, audio=music / "clips")
    assert (report.collection, report.recorded.added, report.recorded.changed) == ("My music", 3, 1)
    assert ask(database, track.c.title, track.c.path)[2] == ("Mine", "clips/000/000002.mp3")
    assert import_fma(database, folder, audio=music / "clips").recorded.unchanged == 4


def test_a_folder_is_no_data_set(database, folder, music, make_song):
    make_song(music / "a.mp3", 1)
    scan(database, music, name="FMA")
    with pytest.raises(CollectionRootError, match="choose another with --name"):
        import_fma(database, folder)


def refused(database, folder, match):
    before = everything(database)
    with pytest.raises(CsvSourceError, match=match):
        import_fma(database, folder)
    assert everything(database) == before


def test_wrong_headers_are_refused_before_anything_is_written(database, folder):
    text = (folder / "tracks.csv").read_text()
    (folder / "tracks.csv").write_text(text.replace("track_id", "id", 1))
    refused(database, folder, r"tracks.csv, lines 1 to 3: invalid header")
    names = [each for each in NAMES if each != ("track", "genres")]
    write_tracks(folder / "tracks.csv", [], names=names)
    refused(database, folder, r"tracks.csv, lines 1 and 2: the column track.genres is missing")
    (folder / "tracks.csv").write_text("")
    refused(database, folder, "invalid header")
    (folder / "tracks.csv").write_text(text)
    write_features(folder / "features.csv", [], dimensions=140)
    refused(database, folder, r"140 columns of numbers instead of 518.*catalog features import")
    (folder / "features.csv").unlink()
    (folder / "genres.csv").write_text("id,name\n")
    refused(database, folder, r"genres.csv, line 1: the column genre_id, title is missing")


def test_bad_rows_are_left_out_with_their_line(database, folder):
    rows = [
        *ROWS,
        row(2),
        ["7", "short"],
        row("x"),
        row(9, track_genres="[21, 99999]"),
        row(11, track_genres="[21"),
    ]
    file = write_tracks(folder / "tracks.csv", rows)
    file.write_text(file.read_text() + '12,0,"cut off in the mid')
    (folder / "echonest.csv").unlink()
    bad = [(2, 1), (3, "nan"), (5, [1] * 517), (9, ["1", *["x"] * 517]), (2, 2), (77, 1), (11, 1e60)]
    write_features(folder / "features.csv", bad)
    report = import_fma(database, folder)
    assert report.problems == [
        "tracks.csv, line 32: track 2 occurs twice; skipped",
        "tracks.csv, line 39: 2 cells instead of 53; skipped",
        "tracks.csv, line 40: 'x' is not a track id; skipped",
        "tracks.csv, line 54: the genres are not a list of numbers; imported without them",
        "tracks.csv, line 61: 3 cells instead of 53; skipped",
        "tracks.csv, line 47: genre 99999 does not exist; track 9 was imported without it",
        "features.csv, line 6: a number is missing or infinite; skipped",
        "features.csv, line 7: 517 numbers instead of 518; skipped",
        "features.csv, line 8: a cell is not a number; skipped",
        "features.csv, line 11: a number is missing or infinite; skipped",
        "features.csv, line 9: track 2 occurs twice; skipped",
    ]
    assert report.skipped == 11
    assert ask(database).keys() == {2, 3, 5, 9, 11, 1007}
    assert (report.vectors[0].new, report.vectors[0].unknown) == (1, 1)


def test_letters_that_are_no_utf8_are_counted_and_the_track_comes_in(database, folder):
    """As a program writes them that takes the table for Latin-1."""
    for name, title in (("tracks.csv", b"Title 5"), ("genres.csv", b"Rock")):
        file = folder / name
        content = file.read_bytes()
        assert title in content
        file.write_bytes(content.replace(title, title + b" caf\xe9", 1))
    report = import_fma(database, folder)
    assert [each.partition(": ")[2] for each in report.problems] == [
        "not UTF-8; invalid characters imported as \ufffd"
    ] * 2
    assert [each.partition(", line")[0] for each in report.problems] == ["genres.csv", "tracks.csv"]
    assert report.skipped == 2
    with database.read() as connection:
        titles = connection.execute(sa.select(track.c.title).where(track.c.title.contains("\ufffd")))
        assert titles.scalars().all() == ["Title 5 caf\ufffd"]


@pytest.mark.parametrize("name", ["../tracks.csv", "/etc/tracks.csv", "a/../../tracks.csv", "C:\\tracks.csv"])
def test_a_zip_that_climbs_out_is_refused(sqlite_url, tmp_path, folder, name):
    file = tmp_path / "bad.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.write(folder / "tracks.csv", "tracks.csv")
        archive.writestr(name, "x")
    with pytest.raises(CsvSourceError, match="unsafe path"):
        import_fma(NO_DATABASE, file)


def test_of_two_tables_in_a_zip_the_nearer_is_read_and_two_equally_near_are_refused(
    database, tmp_path, folder
):
    file = tmp_path / "two.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("fma/old/tracks.csv", "no table")
        for each in folder.iterdir():
            archive.write(each, f"fma/{each.name}")
    assert import_fma(database, file).tracks == 4
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("copy/tracks.csv", "no table")
    with pytest.raises(CsvSourceError, match=r"holds 'fma/tracks.csv' and 'copy/tracks.csv'; unpack it"):
        import_fma(database, file)


def test_a_bomb_a_stump_and_a_text_are_no_zip(tmp_path, folder):
    file = tmp_path / "bomb.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("tracks.csv", b"\0" * 30_000_000)
    with pytest.raises(CsvSourceError, match="bomb"):
        import_fma(NO_DATABASE, file)
    (tmp_path / "stump.zip").write_bytes(file.read_bytes()[:1000])
    with pytest.raises(CsvSourceError, match="is not a folder, zip or CSV file"):
        import_fma(NO_DATABASE, tmp_path / "stump.zip")
    with pytest.raises(CsvSourceError, match="does not exist"):
        import_fma(NO_DATABASE, tmp_path / "nothing")
    (tmp_path / "empty").mkdir()
    with pytest.raises(CsvSourceError, match="contains no tracks"):
        import_fma(NO_DATABASE, tmp_path / "empty")


def test_an_unlisted_genre_becomes_a_term(database, folder):
    write_genres(folder / "genres.csv", [(21, "Hip-Hop", 0), (9001, "Finnish Metal", 31)])
    write_tracks(folder / "tracks.csv", [row(2, track_genre_top="", track_genres="[9001]")])
    import_fma(database, folder)
    assert ask(database, track_status.c.tagged_genres)[2] == ("Finnish Metal",)
    with database.read() as connection:
        assert (
            connection.execute(sa.select(genre.c.origin).where(genre.c.name == "Finnish Metal")).scalar()
            == "file"
        )
