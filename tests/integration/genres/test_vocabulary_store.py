import threading

import sqlalchemy as sa

from catalog.db.tables import genre, genre_alias
from catalog.genres.closure_table import check_ancestors
from catalog.genres.curation import add_alias
from catalog.genres.vocabulary_store import ensure_terms, load_vocabulary
from tests.integration.statement_helpers import read_genres


def names(connection, texts):
    found = read_genres(connection, texts)
    vocabulary = load_vocabulary(connection)
    return [(vocabulary.by_id[key].name, written) for key, written in found]


def test_tags_are_read_with_their_spelling_kept(database):
    with database.write() as connection:
        assert names(connection, ["rock/pop", "(9)"]) == [("Rock", "rock"), ("Pop", "pop"), ("Metal", "(9)")]
        assert names(connection, ["Hip Hop", "hiphop; rap"]) == [("Hip-Hop", "Hip Hop"), ("Rap", "rap")]
        assert names(connection, ["R&B", "RnB"]) == [("R&B", "R&B")]
        assert names(connection, ["Other"]) == names(connection, []) == names(connection, ["", "12"]) == []


def test_the_parent_of_an_unknown_genre_is_the_genre_at_the_end_of_its_name(database):
    with database.write() as connection:
        assert names(connection, ["Finnish Metal"]) == [("Finnish Metal", "Finnish Metal")]
        assert names(connection, ["FINNISH-METAL"]) == [("Finnish Metal", "FINNISH-METAL")]
        vocabulary = load_vocabulary(connection)
        term = vocabulary.resolve("Finnish Metal")
        assert term is not None
        assert (term.origin, term.code, term.suggest, term.write) == ("file", None, True, True)
        assert [each.name for each in vocabulary.ancestors(term)] == ["Metal", "Rock"]
        assert check_ancestors(connection) == []


def test_the_parent_of_a_new_term_does_not_depend_on_the_order(database):
    with database.write() as connection:
        read_genres(connection, ["Zeuhl; Funeral Zeuhl"])
        vocabulary = load_vocabulary(connection)
        assert vocabulary.resolve("Funeral Zeuhl").parent_id is None


def test_an_outdated_vocabulary_finds_newer_terms(database):
    with database.write() as connection:
        old = load_vocabulary(connection)
        first = read_genres(connection, ["Zeuhl"], old)
        add_alias(connection, "Raggabash", "Dancehall", "someone")
        assert read_genres(connection, ["zeuhl"], old) == [(first[0][0], "zeuhl")]
        (found, _) = read_genres(connection, ["RAGGABASH"], old)[0]
        assert load_vocabulary(connection).by_id[found].name == "Dancehall"
        assert connection.scalar(sa.select(sa.func.count()).where(genre.c.folded == "zeuhl")) == 1


def test_terms_are_returned_by_spelling(database):
    with database.write() as connection:
        terms = ensure_terms(connection, ["rock", "Zeuhl", "ZEUHL", "Other", "x" * 500])
        assert {written: term.name for written, term in terms.items()} == {
            "rock": "Rock",
            "Zeuhl": "Zeuhl",
            "ZEUHL": "Zeuhl",
        }


def test_hostile_texts_are_stored_or_dropped(database):
    texts = ["'; DROP TABLE genre; --", "Ro\0ck", "\ud800Zeuhl", "x" * 10_000, "🎸", "=cmd|' /C calc'!A0"]
    with database.write() as connection:
        found = dict(names(connection, texts))
        assert found["Zeuhl"] == "Zeuhl"
        assert found["DROP TABLE genre"] == "DROP TABLE genre"
        assert check_ancestors(connection) == []


def test_concurrent_writers_create_each_genre_once(database):
    """Writers with different orders wait for each other: all succeed and get the same terms."""
    genres = [f"Genre {letter} Metal" for letter in "abcdefgh"]
    start = threading.Barrier(4)
    results: list[dict[str, int]] = []

    def read(order):
        start.wait()
        with database.write() as connection:
            found: dict[str, int] = {}
            for text in order:
                found |= {written: key for key, written in read_genres(connection, [text])}
            results.append(found)

    threads = [
        threading.Thread(target=read, args=(order,)) for order in (genres, genres[::-1], genres, genres[::-1])
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(results) == 4
    assert all(result == results[0] for result in results)
    with database.read() as connection:
        assert check_ancestors(connection) == []
        assert connection.scalar(sa.select(sa.func.count()).where(genre.c.origin == "file")) == 8


def test_a_term_is_created_during_a_read(database):
    with database.write() as connection:
        read_genres(connection, ["Zeuhl"])
        with database.read() as reader:
            assert load_vocabulary(reader).resolve("Rock").name == "Rock"


def test_aliases_come_from_the_seeds(database):
    with database.read() as connection:
        added_by = set(connection.scalars(sa.select(genre_alias.c.added_by).distinct()))
    assert added_by == {"seed"}
