"""Labels files into both databases."""

import unicodedata

import pytest
import sqlalchemy as sa

from catalog.collection.labels.label_file import LabelFileError
from catalog.collection.labels.labels import import_labels
from catalog.collection.roots import CollectionRootError
from catalog.collection.scan.scan import scan
from catalog.db.derived.track_status import track_status_differences
from catalog.db.tables import album, artist, genre, label, statement, track, track_status


@pytest.fixture
def scanned(database, music, make_song):
    make_song(music / "a/1.mp3", 1, genre="Rock", title="One", artist="The Band")
    make_song(music / "a/2.mp3", 2)
    make_song(music / unicodedata.normalize("NFD", "Björk/Jóga.mp3"), 3)
    scan(database, music)
    return database


def tagged(database):
    with database.read() as connection:
        assert track_status_differences(connection) == 0
        return dict(
            connection.execute(sa.select(track.c.path, track_status.c.tagged_genres).join(track_status)).all()
        )


def count(database, table):
    with database.read() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def saved(folder, text):
    folder.mkdir(exist_ok=True)
    file = folder / "labels.csv"
    file.write_text(text, encoding="utf-8")
    return file


def test_paths_in_every_spelling(scanned, music, tmp_path):
    joga = unicodedata.normalize("NFD", "Björk/Jóga.mp3")
    file = saved(
        music, f"path;genre\n.\\a\\1.mp3;Metal/Punk\n{music}/a/2.mp3;Finnish Metal\nBjörk/Jóga.mp3;pop\n"
    )
    report = import_labels(scanned, file)
    assert (report.rows, report.tracks, report.statements, report.unknown) == (3, 3, 3, 0)
    assert [(each.as_written, each.broader, each.tracks) for each in report.new_terms] == [
        ("Finnish Metal", "Metal", 1)
    ]
    assert tagged(scanned) == {"a/1.mp3": "Metal; Punk", "a/2.mp3": "Finnish Metal", joga: "Pop"}


def test_paths_relative_to_the_root_or_to_the_file(scanned, music, tmp_path):
    assert import_labels(scanned, saved(tmp_path / "lists", "path,genre\na/1.mp3,Jazz\n")).tracks == 1
    assert (
        import_labels(scanned, saved(tmp_path / "lists", "path,genre\n../music/a/1.mp3,Blues\n")).tracks == 1
    )
    assert import_labels(scanned, saved(music / "a", "path,genre\n2.mp3,Jazz\n")).tracks == 1
    assert tagged(scanned)["a/1.mp3"] == "Blues"
    assert tagged(scanned)["a/2.mp3"] == "Jazz"


def test_a_second_import_changes_nothing(scanned, music):
    file = saved(music, "path,genre,artist,album\na/1.mp3,Metal,X,Y\na/2.mp3,Rock,New,Disc\n")
    first = import_labels(scanned, file)
    assert (first.statements, first.filled) == (2, 2)
    before = {table.name: count(scanned, table) for table in (statement, label, artist, album, genre)}
    again = import_labels(scanned, file)
    assert (again.tracks, again.statements, again.filled) == (2, 0, 0)
    assert {table.name: count(scanned, table) for table in (statement, label, artist, album, genre)} == before


def test_titles_fill_only_what_is_lacking(scanned, music):
    file = saved(
        music, "path,genre,artist,album,title\na/1.mp3,Rock,Other,Disc,Another\na/2.mp3,Rock,Me,Mine,Two\n"
    )
    import_labels(scanned, file)
    with scanned.read() as connection:
        query = (
            sa.select(track.c.title, artist.c.name, album.c.title)
            .join_from(track, artist)
            .join(album, album.c.id == track.c.album_id)
        )
        assert {tuple(row) for row in connection.execute(query)} == {
            ("One", "The Band", "Disc"),
            ("Two", "Me", "Mine"),
        }


def test_what_a_list_filled_in_survives_a_change_of_the_file(scanned, music, make_song):
    import_labels(scanned, saved(music, "path,genre,artist,title\na/2.mp3,Rock,Me,Two\n"))
    make_song(music / "a/2.mp3", 2, genre="Pop", mtime=1000)
    scan(scanned, music)
    with scanned.read() as connection:
        query = sa.select(track.c.title, artist.c.name).join(artist).where(track.c.path == "a/2.mp3")
        assert connection.execute(query).one() == ("Two", "Me")
    assert tagged(scanned)["a/2.mp3"] == "Rock"


def test_several_rows_on_a_track_are_taken_together(scanned, music):
    file = saved(music, "path,genre\na/1.mp3,Rock\na/1.mp3,Metal\na/1.mp3,Rock\na/2.mp3,\n")
    report = import_labels(scanned, file)
    assert (report.repeated, report.without_genre, report.tracks) == (2, 1, 1)
    assert tagged(scanned)["a/1.mp3"] == "Rock; Metal"


def test_unknown_rows_are_counted_and_the_first_are_named(scanned, music):
    rows = "".join(f"no/{number}.mp3,Rock\n" for number in range(20))
    report = import_labels(scanned, saved(music, f"path,genre\n{rows}a/1.mp3,Pop\n"))
    assert report.unknown == 20
    assert report.unknown_examples[0] == (2, "no/0.mp3")
    assert len(report.unknown_examples) == 5
    assert tagged(scanned)["a/1.mp3"] == "Pop"


def test_a_file_that_names_no_track_changes_nothing(scanned, music):
    with pytest.raises(LabelFileError, match=r"the only row matches no track, line 2: 'x.mp3'"):
        import_labels(scanned, saved(music, "path,genre\nx.mp3,Brand New Style\n"))
    assert count(scanned, statement) == 1


def test_external_ids(scanned, music):
    with scanned.write() as connection:
        connection.execute(sa.update(track).where(track.c.path == "a/2.mp3").values(external_id="000140"))
    report = import_labels(scanned, saved(music, "external_id,genre\n000140,Jazz\n140,Rock\n"))
    assert (report.tracks, report.unknown) == (1, 1)
    assert tagged(scanned)["a/2.mp3"] == "Jazz"


def test_a_name_in_two_collections_is_not_guessed(scanned, music, make_song, tmp_path):
    make_song(tmp_path / "other/a/1.mp3", 9)
    scan(scanned, tmp_path / "other")
    file = saved(tmp_path / "lists", "path,genre\na/1.mp3,Jazz\na/2.mp3,Jazz\n")
    report = import_labels(scanned, file)
    assert report.unknown_examples == [(2, "a/1.mp3 (several tracks match)")]
    assert import_labels(scanned, file, collection_name="other").tracks == 1
    with pytest.raises(CollectionRootError, match="no collection 'x'"):
        import_labels(scanned, file, collection_name="x")


def test_a_dry_run_changes_nothing(scanned, music):
    file = saved(music, "path,genre,artist\na/2.mp3,Brand New Metal,Me\n")
    dry = import_labels(scanned, file, dry_run=True)
    assert count(scanned, statement) == 1
    real = import_labels(scanned, file)
    assert (dry.statements, dry.filled, dry.new_terms) == (real.statements, real.filled, real.new_terms)


def test_nothing_is_half_imported(scanned, music, monkeypatch):
    from catalog.collection.labels import labels

    def fail(*_arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(labels, "refresh_track_status", fail)
    with pytest.raises(KeyboardInterrupt):
        import_labels(scanned, saved(music, "path,genre,artist\na/2.mp3,Brand New Metal,Me\n"))
    assert count(scanned, statement) == 1
    assert count(scanned, artist) == 1


def test_words_that_are_no_genre_say_no_genre(scanned, music):
    import_labels(scanned, saved(music, "path,genre\na/1.mp3,Unknown\n"))
    assert tagged(scanned)["a/1.mp3"] is None
