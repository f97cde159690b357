import sqlalchemy as sa

from catalog.db.derived.track_status import refresh_track_status, track_status_differences
from catalog.db.tables import bundled_content, genre, genre_alias, genre_ancestor, track_status
from catalog.genres.closure_table import check_ancestors
from catalog.genres.curation import add_alias, set_parent
from catalog.genres.seed import seed_vocabulary
from catalog.genres.seeds import seeds
from catalog.genres.vocabulary_store import load_vocabulary
from tests.integration.statement_helpers import read_genres


def everything(connection):
    return [
        sorted(map(tuple, connection.execute(sa.select(table))), key=str)
        for table in (genre, genre_alias, genre_ancestor)
    ]


def test_seeds_are_inserted_once(database):
    with database.write() as connection:
        before = everything(connection)
        assert len(before[0]) == len(seeds())
        assert seed_vocabulary(connection) == 0
        assert everything(connection) == before
        assert check_ancestors(connection) == []


def test_changes_by_people_are_kept(database):
    with database.write() as connection:
        set_parent(connection, "Reggae", None)
        add_alias(connection, "Psychedelic", "Psychedelic Rock", "someone")
        connection.execute(sa.update(genre).where(genre.c.name == "Rap").values(code="R7", suggest=False))
        connection.execute(sa.delete(genre_alias).where(genre_alias.c.alias == "Prog"))
        before = everything(connection)
        assert seed_vocabulary(connection) == 0
        assert everything(connection) == before
        vocabulary = load_vocabulary(connection)
        assert vocabulary.by_code("id3:67").name == "Psychedelic Rock"
        assert vocabulary.by_code("fma:539").name == "Rap"


def test_a_missing_seed_is_inserted_with_its_aliases(database):
    with database.write() as connection:
        held = connection.scalar(sa.select(genre.c.id).where(genre.c.name == "Goa"))
        connection.execute(sa.delete(genre_alias).where(genre_alias.c.genre_id == held))
        connection.execute(sa.delete(genre_ancestor).where(genre_ancestor.c.genre_id == held))
        connection.execute(sa.delete(genre).where(genre.c.id == held))
        assert seed_vocabulary(connection) == 1
        assert load_vocabulary(connection).resolve("Goa Trance").name == "Goa"
        assert check_ancestors(connection) == []


def test_a_term_from_a_file_becomes_a_seed(database):
    with database.write() as connection:
        held = connection.scalar(sa.select(genre.c.id).where(genre.c.name == "Goa"))
        connection.execute(
            sa.update(genre).where(genre.c.id == held).values(code=None, origin="file", parent_id=None)
        )
        assert seed_vocabulary(connection) == 0
        term = load_vocabulary(connection).resolve("Goa")
        assert (term.id, term.code, term.origin) == (held, "id3:126", "id3")
        assert ancestor_names(connection, "Goa") == ["Trance", "Electronic"]
        assert check_ancestors(connection) == []


def ancestor_names(connection, name):
    vocabulary = load_vocabulary(connection)
    term = vocabulary.resolve(name)
    assert term is not None
    return [ancestor.name for ancestor in vocabulary.ancestors(term)]


def forget(connection, *names):
    """Makes the catalog one of a version whose seeds had no such terms."""
    for name in names:
        held = connection.scalar(sa.select(genre.c.id).where(genre.c.name == name))
        connection.execute(sa.delete(genre_alias).where(genre_alias.c.genre_id == held))
        connection.execute(sa.delete(genre_ancestor).where(genre_ancestor.c.genre_id == held))
        connection.execute(sa.delete(genre).where(genre.c.id == held))
    connection.execute(
        sa.update(bundled_content).where(bundled_content.c.name == "seeds").values(digest="older")
    )


def test_terms_from_files_are_merged_into_new_seeds(database, tag):
    with database.write() as connection:
        forget(connection, "Doom Metal", "Happy Hardcore")
        track_id = tag(connection, "Doom; Funeral Doom; Happy Hardcore")
        assert ancestor_names(connection, "Happy Hardcore")[0] == "Hardcore"
        assert load_vocabulary(connection).resolve("Funeral Doom").parent_id is None
        refresh_track_status(connection)
        assert seed_vocabulary(connection) == 1
        vocabulary = load_vocabulary(connection)
        assert vocabulary.resolve("Doom").name == "Doom Metal"
        assert ancestor_names(connection, "Funeral Doom") == ["Doom Metal", "Metal", "Rock"]
        assert vocabulary.resolve("Happy Hardcore").origin == "builtin"
        assert ancestor_names(connection, "Happy Hardcore") == ["Electronic"]
        found = connection.scalar(
            sa.select(track_status.c.tagged_genres).where(track_status.c.track_id == track_id)
        )
        assert found == "Doom Metal; Funeral Doom; Happy Hardcore"
        assert check_ancestors(connection) == []
        assert track_status_differences(connection) == 0
        assert seed_vocabulary(connection) == 0


def test_terms_confirmed_by_a_person_are_not_merged(database, tag):
    with database.write() as connection:
        forget(connection, "Doom Metal")
        tag(connection, "Doom")
        set_parent(connection, "Doom", "Rock")
        assert seed_vocabulary(connection) == 1
        assert load_vocabulary(connection).resolve("Doom").name == "Doom"


def test_new_aliases_are_added_to_existing_terms(database):
    with database.write() as connection:
        connection.execute(sa.delete(genre_alias).where(genre_alias.c.alias == "Surf Rock"))
        assert (seed_vocabulary(connection), load_vocabulary(connection).resolve("Surf Rock")) == (0, None)
        connection.execute(sa.update(bundled_content).values(digest="older"))
        assert (seed_vocabulary(connection), load_vocabulary(connection).resolve("Surf Rock").name) == (
            0,
            "Surf",
        )


def test_all_numbers_of_the_id3v1_list_are_resolved(database):
    with database.write() as connection:
        vocabulary = load_vocabulary(connection)
        found = {number: read_genres(connection, [f"({number})"], vocabulary) for number in range(256)}
    assert [number for number, genres in found.items() if not genres] == [12, *range(192, 256)]
