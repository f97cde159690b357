import sqlalchemy as sa

from catalog.db.tables import genre, genre_ancestor
from catalog.genres.closure_table import check_ancestors, rebuild_ancestors
from catalog.genres.vocabulary_store import load_vocabulary


def test_the_closure_joins_a_genre_with_all_its_ancestors(database):
    below = genre.alias()
    above = genre.alias()
    query = (
        sa.select(above.c.name, genre_ancestor.c.distance)
        .join_from(genre_ancestor, below, below.c.id == genre_ancestor.c.genre_id)
        .join(above, above.c.id == genre_ancestor.c.ancestor_id)
        .where(below.c.name == "Grunge")
        .order_by(genre_ancestor.c.distance)
    )
    with database.read() as connection:
        assert [tuple(row) for row in connection.execute(query)] == [
            ("Grunge", 0),
            ("Alternative Rock", 1),
            ("Alternative", 2),
            ("Rock", 3),
        ]


def test_differences_are_found_and_repaired(database):
    with database.write() as connection:
        vocabulary = load_vocabulary(connection)
        metal, rock, jazz = (vocabulary.resolve(name).id for name in ("Metal", "Rock", "Jazz"))
        row = (genre_ancestor.c.genre_id == metal) & (genre_ancestor.c.ancestor_id == rock)
        connection.execute(sa.delete(genre_ancestor).where(row))
        connection.execute(sa.insert(genre_ancestor).values(genre_id=metal, ancestor_id=jazz, distance=1))
        connection.execute(
            sa.update(genre_ancestor).where(genre_ancestor.c.genre_id == jazz).values(distance=5)
        )
        assert sorted(check_ancestors(connection)) == [
            "genre 'Jazz': is 5 below 'Jazz', should be 0",
            "genre 'Metal': is 1 below 'Jazz', should be not",
            "genre 'Metal': is not below 'Rock', should be 1",
        ]
        assert rebuild_ancestors(connection) == 4
        assert check_ancestors(connection) == []
        assert rebuild_ancestors(connection) == 0


def test_a_cycle_is_reported(database):
    with database.write() as connection:
        vocabulary = load_vocabulary(connection)
        metal, rock = (vocabulary.resolve(name).id for name in ("Metal", "Rock"))
        connection.execute(sa.update(genre).where(genre.c.id == rock).values(parent_id=metal))
        rebuild_ancestors(connection)
        assert set(check_ancestors(connection)) == {
            "genre 'Rock': is its own ancestor",
            "genre 'Metal': is its own ancestor",
        }
