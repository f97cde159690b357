import csv
import io
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.csvio.csv_error import CsvSourceError
from catalog.db.database import open_database
from catalog.db.derived.track_status import refresh_track_status
from catalog.db.query.result_writers import write_csv, write_xlsx
from catalog.db.tables import genre, genre_alias, genre_ancestor, track_status
from catalog.genres.closure_table import check_ancestors
from catalog.genres.curation import add_alias, set_parent
from catalog.genres.seeds import seeds
from catalog.genres.vocabulary import VocabularyError
from catalog.genres.vocabulary_file import COLUMNS, read_vocabulary_file, vocabulary_rows
from catalog.genres.vocabulary_import import import_vocabulary
from catalog.genres.vocabulary_store import load_vocabulary
from tests.integration.statement_helpers import read_genres


def everything(connection):
    return [
        sorted(map(tuple, connection.execute(sa.select(table))), key=str)
        for table in (genre, genre_alias, genre_ancestor)
    ]


def exported(connection):
    stream = io.BytesIO()
    write_csv(stream, COLUMNS, vocabulary_rows(connection))
    return stream.getvalue().decode()


def import_text(connection, text, columns=None, **options):
    with TemporaryDirectory() as folder:
        file = Path(folder) / "house.csv"
        file.write_bytes(text.encode())
        return import_vocabulary(connection, read_vocabulary_file(file, columns), **options)


def path(connection, name):
    vocabulary = load_vocabulary(connection)
    term = vocabulary.resolve(name)
    assert term is not None
    return [each.name for each in [term, *vocabulary.ancestors(term)]]


def test_the_export_is_a_table_by_name(database):
    with database.read() as connection:
        rows = list(csv.DictReader(io.StringIO(exported(connection))))
    assert len(rows) == len(seeds())
    assert list(rows[0]) == ["code", "name", "parent", "aliases", "suggest"]
    by_name = {row["name"]: row for row in rows}
    assert list(by_name["Oldies"].values()) == ["id3:11", "Oldies", "Pop", "Oldie", "no"]
    assert by_name["Rock"]["parent"] == ""


def test_an_import_of_the_export_changes_nothing(database):
    with database.write() as connection:
        read_genres(connection, ["Finnish Metal; =cmd|x; -Zeuhl; 'Tis; '=quoted; \"Rock\""])
        add_alias(connection, "Brit Rock", "Britpop", "someone")
        before = everything(connection)
        summary = import_text(connection, exported(connection))
        assert (summary.added, summary.changed, summary.tracks) == ((), (), frozenset())
        assert summary.unchanged == len(load_vocabulary(connection).terms)
        assert everything(connection) == before


TEXTS = st.text(st.one_of(st.characters(), st.sampled_from("=+-@'\"\t,/ ab")), min_size=1, max_size=12)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    genres=st.lists(TEXTS, max_size=4),
    aliases=st.lists(st.tuples(TEXTS, st.sampled_from(["Rock", "Metal", "Jazz", "Reggae"])), max_size=3),
)
def test_any_vocabulary_survives_a_round_trip(sqlite_url, genres, aliases):
    database = open_database(sqlite_url)
    connection = database.writer.connect()
    with connection.begin() as transaction:
        read_genres(connection, genres)
        for alias, name in aliases:
            try:
                add_alias(connection, alias, name, "someone")
            except VocabularyError:
                continue
        before = everything(connection)
        text = exported(connection)
        summary = import_text(connection, text)
        assert not summary.added
        assert not summary.changed
        assert everything(connection) == before
        assert exported(connection) == text
        assert check_ancestors(connection) == []
        transaction.rollback()
    connection.close()
    database.close()


def test_formulas_are_escaped(database):
    with database.write() as connection:
        read_genres(connection, ["=HYPERLINK(x)"])
        assert "'=HYPERLINK(x)" in exported(connection)
        import_text(connection, "name\n'=SUM(a)\n")
        assert load_vocabulary(connection).resolve("=SUM(a)").name == "=SUM(a)"


def test_a_list_with_parents_is_imported(database, tag):
    text = """\ufeffcode,name,parent,aliases,suggest
S2,Deutscher Humppa,Humppa,,no
S1,Humppa,,Humppamusik; Volkshumppa,yes
R1,Rock,,,
"""
    with database.write() as connection:
        first = tag(connection, "Volkshumppa")
        summary = import_text(connection, text)
        assert (summary.added, summary.changed, summary.unchanged) == (
            ("Deutscher Humppa", "Humppa"),
            ("Rock",),
            0,
        )
        assert summary.tracks == {first}
        vocabulary = load_vocabulary(connection)
        term = vocabulary.by_code("S2")
        assert (term.name, term.origin, term.suggest) == ("Deutscher Humppa", "builtin", False)
        assert path(connection, "deutscher humppa") == ["Deutscher Humppa", "Humppa"]
        assert vocabulary.resolve("Humppamusik").code == "S1"
        assert vocabulary.by_code("R1") == vocabulary.by_code("fma:12") == vocabulary.resolve("Rock")
        assert check_ancestors(connection) == []
        before = everything(connection)
        assert import_text(connection, text).unchanged == 3
        assert everything(connection) == before


def test_a_list_of_names_is_enough(database):
    with database.write() as connection:
        summary = import_text(connection, "Name\nSwamp Rock\n\nRock\n")
        assert (summary.added, summary.changed, summary.unchanged) == (("Swamp Rock",), (), 1)
        assert path(connection, "Swamp Rock") == ["Swamp Rock", "Rock"]


def test_semicolons_are_detected_as_separators(database):
    with database.write() as connection:
        import_text(connection, 'code;name;aliases\nS1;Humppa;"Volkshumppa;Ballermann"\n')
        assert load_vocabulary(connection).resolve("ballermann").code == "S1"


def test_a_new_name_keeps_the_old_one_as_an_alias(database, tag):
    with database.write() as connection:
        tag(connection, "Synth Pop")
        import_text(connection, "code,name\nfma:362,Synthesizer-Pop\nfma:314,Goth\nfma:21,Hip Hop\n")
        vocabulary = load_vocabulary(connection)
        assert vocabulary.resolve("(147)").name == vocabulary.resolve("synthpop").name == "Synthesizer-Pop"
        assert vocabulary.resolve("gothic").name == "Goth"
        assert vocabulary.resolve("hiphop").name == "Hip Hop"
        assert check_ancestors(connection) == []


def test_a_change_confirms_a_term_from_a_file(database):
    with database.write() as connection:
        read_genres(connection, ["Finnish Metal", "Zeuhl"])
        import_text(connection, "name,parent\nFinnish Metal,Metal\nZeuhl,Metal\n")
        vocabulary = load_vocabulary(connection)
        assert vocabulary.resolve("Finnish Metal").origin == "file"
        assert vocabulary.resolve("Zeuhl").origin == "builtin"


def test_a_dry_run_reports_changes_and_writes_nothing(database, tag):
    with database.write() as connection:
        track_id = tag(connection, "Zeuhl")
        before = everything(connection)
        summary = import_text(connection, "name,aliases\nZeuhl Metal,Zeuhl\nRock,Rawk\n", dry_run=True)
        assert summary.added == ("Zeuhl Metal",)
        assert summary.changed == ("Rock",)
        assert summary.tracks == {track_id}
        assert everything(connection) == before


def test_parent_and_child_can_be_swapped(database):
    with database.write() as connection:
        import_text(connection, "name,parent\nRock,Punk\nPunk,\n")
        assert path(connection, "Metal") == ["Metal", "Rock", "Punk"]
        assert check_ancestors(connection) == []


FAULTS = [
    ("", "house.csv is empty"),
    ("code,title\n", "line 1: no column 'name'; it has: code, title. Name it: --columns name=COLUMN"),
    ("name,name\n", "line 1: the column 'name' appears twice (columns 1 and 2)"),
    ("name\nRock,Pop\n", "line 2: has 2 cells, the header 1"),
    ("name\nNew\n\nNEW\n", "line 4: the name 'NEW' is also on line 2"),
    ("code,name\nA,New\nA,Newer\n", "line 3: the code 'A' is also on line 2"),
    ("name,aliases\nNew,Old\nNewer,old\n", "line 3: the alias 'old' is also on line 2"),
    ("name,aliases\nNew,Newer\nNewer,\n", "line 2: the alias 'Newer' is also on line 3"),
    ("name,parent\nNew,Nowhere\n", "line 2: there is no genre 'Nowhere'; see: catalog genres list"),
    ("name,parent\nNew,New\n", "line 2: a genre cannot be its own ancestor: New < New"),
    ("name,parent\nRock,Metal\n", "line 2: a genre cannot be its own ancestor: Rock < Metal < Rock"),
    ("name,parent\nA,B\nB,A\n", "line 2: a genre cannot be its own ancestor: A < B < A"),
    ("name,suggest\nNew,perhaps\n", "line 2: suggest must be yes or no, not 'perhaps'"),
    ("name,code\n,X\n", "line 2: a genre needs a name"),
    ("name\nOther\n", "line 2: 'Other' means 'no genre' or is a number, and cannot be a name"),
    ("name,aliases\nNew,12\n", "line 2: '12' means 'no genre' or is a number, and cannot be a name"),
    ("code,name\nfma:12,Jazz\n", "line 2: 'Jazz' is a spelling of Jazz"),
    ("code,name\nfma:12,New\n,Rock\n", "line 3: 'Rock' is the same genre as in line 2"),
    ("code,name\n,Rock\nfma:12,New\n", "line 3: 'New' is the same genre as in line 2"),
    ("code,name\nfma:314,Grave\n", "line 2: the code 'fma:314' belongs to Gothic"),
    ('name\n"New', "line 2: a quotation mark is not closed"),
]


def test_errors_name_the_line_and_nothing_is_imported(database):
    with database.write() as connection:
        # One that was merged keeps its code.
        add_alias(connection, "Gothic", "Darkwave", "someone")
        before = everything(connection)
        for text, message in FAULTS:
            with pytest.raises((VocabularyError, CsvSourceError)) as error:
                import_text(connection, text)
            assert message in str(error.value)
            assert "house.csv" in str(error.value)
            assert "\n" not in str(error.value)
            assert everything(connection) == before


def test_headings_of_the_house_and_files_of_spreadsheets(database, tmp_path):
    columns = {"name": "Kategorie", "code": "Nr", "aliases": "Auch"}
    file = tmp_path / "house.csv"
    text = "Kategorien des Hauses\n\nNr;Kategorie;Auch;Auch;Anzahl\n7;Müsik;Mü;Zik;12\n"
    for content in (text.encode("cp1252"), text.encode("utf-16")):
        file.write_bytes(content)
        read = read_vocabulary_file(file, columns)
        assert [(row.line, row.code, row.name, row.aliases) for row in read.rows] == [
            (4, "7", "Müsik", ("Mü", "Zik"))
        ]
        assert read.unused == ("Anzahl",)
    with file.open("wb") as stream, database.write() as connection:
        write_xlsx(stream, COLUMNS, vocabulary_rows(connection))
    with database.write() as connection:
        summary = import_vocabulary(connection, read_vocabulary_file(file))
        assert (summary.added, summary.changed) == ((), ())


def test_an_alias_as_a_name_renames_its_genre(database, tag):
    with database.write() as connection:
        track_id = tag(connection, "Pop")
        summary = import_text(connection, "Nr;Kategorie\n10;Popmusik\n", {"name": "Kategorie", "code": "Nr"})
        assert (summary.changed, summary.renamed) == (("Popmusik",), (("Pop", "Popmusik"),))
        assert not summary.is_model_outdated
        vocabulary = load_vocabulary(connection)
        assert vocabulary.resolve("Pop").name == vocabulary.by_code("10").name == "Popmusik"
        refresh_track_status(connection)
        query = sa.select(track_status.c.tagged_genres).where(track_status.c.track_id == track_id)
        assert connection.scalar(query) == "Popmusik"


def test_children_and_aliases_of_a_merged_term_move(database):
    with database.write() as connection:
        set_parent(connection, "Emo", "Grunge")
        import_text(connection, "name,aliases\nSeattle Sound,Grunge\n")
        assert path(connection, "Emocore")[:2] == ["Emo", "Seattle Sound"]
