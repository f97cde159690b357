import csv
import io

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.db.database import open_database
from catalog.db.tables import genre, genre_alias, genre_ancestor
from catalog.genres.closure_table import check_ancestors
from catalog.genres.curation import add_alias, set_parent
from catalog.genres.seeds import seeds
from catalog.genres.vocabulary import VocabularyError
from catalog.genres.vocabulary_csv import export_csv, import_csv
from catalog.genres.vocabulary_store import load_vocabulary
from tests.integration.statement_helpers import read_genres


def everything(connection):
    return [
        sorted(map(tuple, connection.execute(sa.select(table))), key=str)
        for table in (genre, genre_alias, genre_ancestor)
    ]


def exported(connection):
    stream = io.StringIO(newline="")
    export_csv(connection, stream)
    return stream.getvalue()


def import_text(connection, text, **options):
    stream = io.StringIO(text, newline="")
    stream.name = "house.csv"
    return import_csv(connection, stream, **options)


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
    (
        "",
        "house.csv, line 0: has no column `name`; the columns are code, name, parent, aliases, suggest",
    ),
    (
        "code,title\n",
        "line 1: has no column `name`; the columns are code, name, parent, aliases, suggest",
    ),
    ("name,nmae\n", "line 1: the column 'nmae' is unknown; the columns are code, name, parent"),
    ("name,name\n", "line 1: the column 'name' appears twice"),
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
    ("name\nDnB\n", "line 2: 'DnB' is a spelling of Drum & Bass; to rename that, give its code: fma:337"),
    ("code,name\nfma:12,Jazz\n", "line 2: 'Jazz' is a spelling of Jazz"),
    (
        "code,name\nfma:12,New\n,Rock\n",
        "line 3: 'Rock' is a spelling of New; to rename that, give its code",
    ),
    ("code,name\n,Rock\nfma:12,New\n", "line 3: 'New' is the same genre as in line 2"),
    ("code,name\nfma:314,Grave\n", "line 2: the code 'fma:314' belongs to Gothic"),
    ('name\n"New', "line 2: unexpected end of data"),
]


def test_errors_name_the_line_and_nothing_is_imported(database):
    with database.write() as connection:
        # One that was merged keeps its code.
        add_alias(connection, "Gothic", "Darkwave", "someone")
        before = everything(connection)
        for text, message in FAULTS:
            with pytest.raises(VocabularyError) as error:
                import_text(connection, text)
            assert message in str(error.value)
            assert str(error.value).startswith("house.csv, line ")
            assert "\n" not in str(error.value)
            assert everything(connection) == before


def test_a_binary_file_is_rejected(database, tmp_path):
    file = tmp_path / "genres.csv"
    file.write_bytes(b"name\nM\xfcsik\n")
    with (
        database.write() as connection,
        file.open(encoding="utf-8-sig", newline="") as stream,
        pytest.raises(VocabularyError, match=r"genres\.csv: is not UTF-8 text"),
    ):
        import_csv(connection, stream)


def test_children_and_aliases_of_a_merged_term_move(database):
    with database.write() as connection:
        set_parent(connection, "Emo", "Grunge")
        import_text(connection, "name,aliases\nSeattle Sound,Grunge\n")
        assert path(connection, "Emocore")[:2] == ["Emo", "Seattle Sound"]
