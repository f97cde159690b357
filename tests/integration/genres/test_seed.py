import sqlalchemy as sa

from catalog.db.tables import genre, genre_alias, genre_ancestor
from catalog.genres.ancestor import check_ancestors
from catalog.genres.curation import add_alias, set_broader
from catalog.genres.seed import seed
from catalog.genres.seeds import seeds
from catalog.genres.store import load, read_genres


def everything(connection):
    return [
        sorted(map(tuple, connection.execute(sa.select(table))), key=str)
        for table in (genre, genre_alias, genre_ancestor)
    ]


def test_the_seeds_come_once(database):
    with database.write() as connection:
        before = everything(connection)
        assert len(before[0]) == len(seeds())
        assert seed(connection) == 0
        assert everything(connection) == before
        assert check_ancestors(connection) == []


def test_what_people_changed_stays(database):
    with database.write() as connection:
        set_broader(connection, "Reggae", None)
        add_alias(connection, "Psychedelic", "Psychedelic Rock", "someone")
        connection.execute(sa.update(genre).where(genre.c.name == "Rap").values(code="R7", suggest=False))
        connection.execute(sa.delete(genre_alias).where(genre_alias.c.alias == "Prog"))
        before = everything(connection)
        assert seed(connection) == 0
        assert everything(connection) == before
        vocabulary = load(connection)
        assert vocabulary.by_code("id3:67").name == "Psychedelic Rock"
        assert vocabulary.by_code("fma:539").name == "Rap"


def test_a_seed_that_is_lacking_comes_in_with_its_aliases(database):
    with database.write() as connection:
        held = connection.scalar(sa.select(genre.c.id).where(genre.c.name == "Goa"))
        connection.execute(sa.delete(genre_alias).where(genre_alias.c.genre_id == held))
        connection.execute(sa.delete(genre_ancestor).where(genre_ancestor.c.genre_id == held))
        connection.execute(sa.delete(genre).where(genre.c.id == held))
        assert seed(connection) == 1
        assert load(connection).resolve("Goa Trance").name == "Goa"
        assert check_ancestors(connection) == []


def test_a_term_of_a_file_that_the_house_learns_later_is_adopted(database):
    with database.write() as connection:
        held = connection.scalar(sa.select(genre.c.id).where(genre.c.name == "Goa"))
        connection.execute(
            sa.update(genre).where(genre.c.id == held).values(code=None, origin="file", broader_id=None)
        )
        assert seed(connection) == 0
        term = load(connection).resolve("Goa")
        assert (term.id, term.code, term.origin) == (held, "id3:126", "id3")
        assert [each.name for each in load(connection).ancestors(term)] == ["Trance", "Electronic"]
        assert check_ancestors(connection) == []


def test_all_numbers_of_the_list_are_read(database):
    with database.write() as connection:
        vocabulary = load(connection)
        found = {number: read_genres(connection, [f"({number})"], vocabulary) for number in range(256)}
    assert [number for number, genres in found.items() if not genres] == [12, *range(192, 256)]
