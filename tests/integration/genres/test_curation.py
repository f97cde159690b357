import pytest
import sqlalchemy as sa

from catalog.db.derived.track_status import refresh_track_status, track_status_differences
from catalog.db.tables import genre, label, track_status
from catalog.genres.closure_table import check_ancestors
from catalog.genres.curation import UnmappedGenre, add_alias, list_genres, list_unmapped, set_parent
from catalog.genres.seed import seed_vocabulary
from catalog.genres.seeds import seeds
from catalog.genres.vocabulary import VocabularyError
from catalog.genres.vocabulary_store import load_vocabulary
from tests.integration.statement_helpers import read_genres


def path(connection, name):
    vocabulary = load_vocabulary(connection)
    term = vocabulary.resolve(name)
    assert term is not None
    return [each.name for each in [term, *vocabulary.ancestors(term)]]


def tagged(connection, track_id):
    return connection.scalar(
        sa.select(track_status.c.tagged_genres).where(track_status.c.track_id == track_id)
    )


def test_the_list_counts_tracks_by_their_current_tags(database, tag):
    with database.write() as connection:
        tag(connection, "Rock; Finnish Metal")
        tag(connection, "(17)")
        listed = {each.name: each for each in list_genres(connection)}
    assert len(listed) == len(seeds()) + 1
    rock = listed["Rock"]
    assert (rock.code, rock.parent, rock.suggest, rock.origin, rock.tracks) == (
        "fma:12",
        None,
        True,
        "fma",
        2,
    )
    assert "Рок" in rock.aliases
    assert listed["Finnish Metal"].tracks == 1
    assert listed["Jazz"].tracks == 0


def test_unmapped_genres_are_listed_with_their_parents(database, tag):
    with database.write() as connection:
        tag(connection, "zeuhl")
        tag(connection, "Finnish Metal")
        tag(connection, "FINNISH METAL; Rock")
        assert (
            list_unmapped(connection)
            == [
                UnmappedGenre("Finnish Metal", 2, "Metal", "FINNISH METAL"),
                UnmappedGenre("zeuhl", 1, None, "zeuhl"),
            ]
            or list_unmapped(connection)[0].example == "Finnish Metal"
        )
        set_parent(connection, "Zeuhl", "Metal")
        assert [each.name for each in list_unmapped(connection)] == ["Finnish Metal"]


def test_a_term_gets_another_parent(database, tag):
    with database.write() as connection:
        tag(connection, "Zeuhl")
        assert set_parent(connection, "Zeuhl", "metal").origin == "builtin"
        assert path(connection, "Zeuhl") == ["Zeuhl", "Metal", "Rock"]
        set_parent(connection, "Metal", None)
        assert path(connection, "Zeuhl") == ["Zeuhl", "Metal"]
        set_parent(connection, "id3:16", "fma:46")
        assert path(connection, "Reggae") == ["Reggae", "Latin America", "International"]
        assert check_ancestors(connection) == []


def test_cycles_and_unknown_names_are_rejected(database):
    faults = [
        ("Rock", "Death Metal", "Death Metal is Rock or below it, and cannot be its parent"),
        ("Rock", "rock", "Rock is Rock or below it, and cannot be its parent"),
        ("Rokc", "Rock", "there is no genre 'Rokc'; see: catalog genres list"),
        ("Rock", "Nowhere", "there is no genre 'Nowhere'; see: catalog genres list"),
    ]
    with database.write() as connection:
        for name, parent, message in faults:
            with pytest.raises(VocabularyError) as error:
                set_parent(connection, name, parent)
            assert str(error.value) == message
        assert check_ancestors(connection) == []


def test_an_alias_resolves_to_its_term(database):
    with database.write() as connection:
        assert add_alias(connection, "Ragga", "Dancehall", "someone") == frozenset()
        assert load_vocabulary(connection).resolve("RAGGA").name == "Dancehall"
        assert add_alias(connection, "ragga", "Dancehall", "someone") == frozenset()


def test_a_term_that_becomes_an_alias_changes_its_tracks(database, tag):
    with database.write() as connection:
        first = tag(connection, "Brit Rock; Pop")
        second = tag(connection, "BRIT ROCK")
        other = tag(connection, "Britpop")
        tag(connection, "Late Brit Rock")
        set_parent(connection, "Late Brit Rock", "Brit Rock")
        assert add_alias(connection, "Brit Rock", "Britpop", "someone") == {first, second}
        refresh_track_status(connection, [first, second])
        assert track_status_differences(connection) == 0
        assert tagged(connection, first) == "Britpop; Pop"
        assert tagged(connection, second) == tagged(connection, other) == "Britpop"
        written = connection.scalars(
            sa.select(label.c.as_written).order_by(label.c.statement_id, label.c.rank)
        )
        assert list(written) == ["Brit Rock", "Pop", "BRIT ROCK", "Britpop", "Late Brit Rock"]
        assert path(connection, "Late Brit Rock") == [
            *("Late Brit Rock", "Britpop", "Alternative Rock", "Alternative", "Rock")
        ]
        assert "Brit Rock" not in [each.name for each in list_genres(connection)]
        # The row stays for models and decisions that name it.
        row = connection.execute(sa.select(genre).where(genre.c.name == "Brit Rock")).one()
        assert (row.suggest, row.write) == (False, False)
        assert load_vocabulary(connection).by_id[row.parent_id].name == "Britpop"
        assert check_ancestors(connection) == []
        assert [key for key, _ in read_genres(connection, ["brit rock"])] == [
            load_vocabulary(connection).resolve("Britpop").id
        ]


def test_a_track_that_had_both_genres_is_tagged_with_the_merged_one_once(database, tag):
    with database.write() as connection:
        both = tag(connection, "Brit Rock; Pop; Britpop")
        assert add_alias(connection, "Brit Rock", "Britpop", "someone") == {both}
        refresh_track_status(connection, [both])
        assert tagged(connection, both) == "Britpop; Pop"
        assert track_status_differences(connection) == 0


def test_a_broader_term_can_be_merged_into_a_narrower_one(database):
    with database.write() as connection:
        add_alias(connection, "Alternative", "Grunge", "someone")
        assert path(connection, "Alternative") == ["Grunge", "Rock"]
        assert path(connection, "Alternative Rock") == ["Alternative Rock", "Grunge", "Rock"]
        assert check_ancestors(connection) == []
        assert seed_vocabulary(connection) == 0


def test_a_moved_alias_moves_its_labels(database, tag):
    with database.write() as connection:
        moved = tag(connection, "Electropop")
        stays = tag(connection, "Synthpop")
        assert add_alias(connection, "electropop", "Electronic", "someone") == {moved}
        refresh_track_status(connection, [moved])
        assert tagged(connection, moved) == "Electronic"
        assert tagged(connection, stays) == "Synthpop"


def test_a_merged_term_can_be_merged_elsewhere(database, tag):
    with database.write() as connection:
        track_id = tag(connection, "Brit Rock")
        add_alias(connection, "Brit Rock", "Britpop", "someone")
        assert add_alias(connection, "Brit Rock", "Rock", "someone") == {track_id}
        row = connection.execute(sa.select(genre).where(genre.c.name == "Brit Rock")).one()
        assert load_vocabulary(connection).by_id[row.parent_id].name == "Rock"
        assert check_ancestors(connection) == []


def test_chains_of_mergers_end_at_the_last_term(database, tag):
    with database.write() as connection:
        track_id = tag(connection, "Brit Rock")
        add_alias(connection, "Brit Rock", "Britpop", "someone")
        assert add_alias(connection, "Britpop", "Indie", "someone") == {track_id}
        assert load_vocabulary(connection).resolve("Brit Rock").name == "Indie"
        assert check_ancestors(connection) == []


def test_unusable_spellings_are_rejected(database):
    faults = [
        ("ROCK", "'ROCK' is already a spelling of Rock"),
        ("Other", "'Other' means 'no genre' or is a number, and cannot be a name"),
        ("17", "'17' means 'no genre' or is a number, and cannot be a name"),
        ("  ", "a genre needs a name"),
        ("Rock;Pop", "'Rock;Pop' contains a semicolon, which separates genres"),
        ("x" * 101, f"'{'x' * 40}…' is longer than 100 characters"),
    ]
    with database.write() as connection:
        for alias, message in faults:
            with pytest.raises(VocabularyError) as error:
                add_alias(connection, alias, "Rock", "someone")
            assert str(error.value) == message
