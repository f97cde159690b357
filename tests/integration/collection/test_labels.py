"""Labels files into both databases."""

import os
import unicodedata

import pytest
import sqlalchemy as sa

from catalog.collection.import_vectors import import_vectors
from catalog.collection.labels.labels import import_labels
from catalog.collection.path_suffixes import MovedRootError, parse_moved_roots
from catalog.collection.roots import CollectionRootError
from catalog.collection.scan.scan import scan
from catalog.csvio.csv_error import CsvSourceError
from catalog.db.derived.track_status import track_status_differences
from catalog.db.query.query import run_query
from catalog.db.query.result_writers import write_csv, write_xlsx
from catalog.db.query.saved_queries import saved_query
from catalog.db.tables import album, artist, collection, genre, label, statement, track, track_status


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
    with pytest.raises(CsvSourceError, match=r"the only row matches no track, line 2: 'x.mp3'"):
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


@pytest.mark.parametrize(
    "path",
    [
        r"D:\Music\a\1.mp3",
        "D:/music/A/1.MP3",
        r"\\nas\share\Music\a\1.mp3",
        "//nas/share/a/1.mp3",
        "/Volumes/Music/a/1.mp3",
        "file:///home/me/Music/a/1.mp3",
        "music/a/1.mp3",
        "1.mp3",
    ],
)
def test_paths_of_another_machine_match_by_their_end(scanned, tmp_path, path):
    report = import_labels(scanned, saved(tmp_path / "lists", f"path;genre\n{path};Soul\n"))
    assert (report.by_suffix, report.unknown) == (1, 0)
    assert tagged(scanned)["a/1.mp3"] == "Soul"


@pytest.mark.parametrize(
    "path", [r"D:\Music\b\1.mp3", "/x/1.mp3", "b/1.mp3", "x/../a.mp3", "file:///1", "///"]
)
def test_the_end_of_another_path_is_no_match(scanned, tmp_path, path):
    file = saved(tmp_path / "lists", f"path,genre\n{path},Soul\na/2.mp3,Pop\n")
    assert import_labels(scanned, file).unknown == 1
    assert tagged(scanned)["a/1.mp3"] == "Rock"


def test_two_paths_with_the_same_end_match_nothing(scanned, tmp_path):
    file = saved(tmp_path / "lists", "path,genre\nC:\\a\\1.mp3,Soul\nD:\\a\\1.mp3,Funk\na/2.mp3,Pop\n")
    assert import_labels(scanned, file).unknown == 2
    assert tagged(scanned)["a/1.mp3"] == "Rock"


@pytest.mark.parametrize("old", [r"d:\MUSIC", r"D:\Music\ "[:-1], "D:/Music/"])
def test_folders_of_another_machine_are_mapped(scanned, music, make_song, tmp_path, old):
    make_song(tmp_path / "other/a/1.mp3", 9)
    scan(scanned, tmp_path / "other")
    file = saved(tmp_path / "lists", "path,genre\nD:\\Music\\a\\1.mp3,Soul\n")
    with pytest.raises(CsvSourceError, match="--root OLD=NEW"):
        import_labels(scanned, file)
    moved = parse_moved_roots([f"{old}={music}"])
    assert import_labels(scanned, file, moved_roots=moved).tracks == 1
    with pytest.raises(MovedRootError, match="is not OLD=NEW"):
        parse_moved_roots(["D:\\Music=music"])


def test_why_no_row_matches_is_reported_after_the_first_rows(scanned, tmp_path):
    rows = "".join(f"D:\\x\\{number}.mp3,Rock\n" for number in range(150))
    remarks: list[str] = []
    file = saved(tmp_path / "lists", f"path,genre\n{rows}a/1.mp3,Pop\n")
    assert import_labels(scanned, file, on_warning=remarks.append).unknown == 150
    assert "none of the first 100 rows matches a track; the first, line 2: 'D:" in remarks[0]
    assert "the catalog has tracks such as '" in remarks[0]


def test_rows_become_tracks_without_audio(database, tmp_path):
    file = saved(
        tmp_path,
        "path,genre,artist,title,album\nblues/blues.00000.wav,Blues,Ann,One,First\n000/000002.mp3,Rock,,,\n",
    )
    report = import_labels(database, file, create=True)
    assert (report.created, report.tracks, report.unknown) == (2, 2, 0)
    with database.read() as connection:
        query = (
            sa.select(
                track.c.external_id,
                track.c.state,
                collection.c.name,
                artist.c.name,
                track_status.c.tagged_genres,
            )
            .join_from(track, collection)
            .join(track_status)
            .outerjoin(artist, artist.c.id == track.c.artist_id)
        )
        assert sorted(map(tuple, connection.execute(query))) == [
            ("2", "metadata", "labels", None, "Rock"),
            ("blues/blues.00000.wav", "metadata", "labels", "Ann", "Blues"),
        ]
    again = import_labels(database, file, create=True)
    assert (again.created, again.statements) == (0, 0)
    # An id of one data set is another track in the next one.
    other = tmp_path / "other.csv"
    other.write_text("external_id,genre\n2,Pop\n2,Jazz\n")
    assert import_labels(database, other, create=True).created == 1
    # The archive's number names the track in both.
    assert (
        import_labels(
            database, saved(tmp_path, "path,genre\n000002.mp3,Folk\n"), collection_name="labels"
        ).tracks
        == 1
    )


def test_vectors_of_tracks_without_audio(database, tmp_path):
    import_labels(database, saved(tmp_path, "path,genre\na/1.wav,Blues\n000/000002.mp3,Rock\n"), create=True)
    vectors = tmp_path / "vectors.csv"
    vectors.write_text("filename,x,y\na/1.wav,1,2\n000/000002.mp3,3,4\nb.wav,5,6\n")
    report = import_vectors(database, vectors, "ours")
    assert (report.vectors.new, report.unknown_examples) == (2, ["b.wav"])


def test_what_export_writes_is_read_back(database, music, make_song, tmp_path):
    """Two collections with the same names, and names that differ only in composition, spaces or signs."""
    names = [
        "=1.mp3",
        "'=1.mp3",
        "-M-.mp3",
        " lead.mp3",
        "lead.mp3",
        "a\\b.mp3",
        "tab\t.mp3",
        "line\n.mp3",
        "😀 שלום.mp3",
    ]
    names += [unicodedata.normalize(form, "Jóga.mp3") for form in ("NFC", "NFD")] + [
        'q"u"o,t;e.mp3',
        "x" * 240 + ".mp3",
    ]
    for number, name in enumerate([*names, "\x85\u2028.mp3", "\\x41.mp3"]):
        for folder in (music, tmp_path / "other"):
            make_song(folder / name, number, genre="Rock", title=f"=title {number}", artist="'-Band")
    (music / os.fsdecode(b"caf\xe9.mp3")).write_bytes((music / "=1.mp3").read_bytes())
    scan(database, music)
    scan(database, tmp_path / "other")
    for writer, suffix in ((write_csv, "csv"), (write_xlsx, "xlsx")):
        file = tmp_path / f"labels.{suffix}"
        with (
            file.open("wb") as stream,
            run_query(database, saved_query("labels", database.reader.dialect.name).text) as result,
        ):
            written = writer(stream, result.columns, result.rows)
        report = import_labels(database, file)
        assert (report.rows, report.unknown, report.repeated, report.by_suffix) == (written, 0, 0, 0)
        assert report.unknown_examples == []
