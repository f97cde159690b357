"""`track_status` against a reference implementation in Python."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.db import tables as t
from catalog.db.database import Database
from catalog.db.derived.track_status import refresh_track_status, track_status_differences
from tests.integration.db.track_status_model import (
    FIRST,
    GENRES,
    ToyCatalog,
    ToyPrediction,
    ToyStatement,
    expected_row,
    stored_rows,
    toy_catalogs,
    write_catalog,
    write_statements,
)

SLOW_FIXTURES = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@settings(max_examples=60, deadline=None, suppress_health_check=SLOW_FIXTURES)
@given(toy=toy_catalogs())
def test_sql_matches_the_reference(database: Database, toy: ToyCatalog) -> None:
    with database.writer.connect() as connection, connection.begin() as transaction:
        write_catalog(connection, toy)
        refresh_track_status(connection)
        assert stored_rows(connection, toy) == [expected_row(toy, track) for track in range(len(toy.artists))]
        assert track_status_differences(connection) == 0
        transaction.rollback()


@settings(max_examples=40, deadline=None, suppress_health_check=SLOW_FIXTURES)
@given(toy=toy_catalogs(), share=st.floats(0, 1))
def test_refreshing_changed_tracks_is_enough(database: Database, toy: ToyCatalog, share: float) -> None:
    """New statements: a refresh of their tracks gives the same rows as a refresh of all tracks."""
    before = round(len(toy.statements) * share)
    with database.writer.connect() as connection, connection.begin() as transaction:
        write_catalog(
            connection,
            ToyCatalog(toy.artists, toy.statements[:before], toy.predictions, toy.judged, toy.has_model),
        )
        refresh_track_status(connection)
        write_statements(connection, toy, before)
        refresh_track_status(connection, {FIRST + statement.track for statement in toy.statements[before:]})
        assert track_status_differences(connection) == 0
        assert stored_rows(connection, toy) == [expected_row(toy, track) for track in range(len(toy.artists))]
        transaction.rollback()


RULES = [
    ("human over import over file", [("person", "Bow"), ("import", "Arch"), ("file", "Arch")], ("Bow",)),
    ("import over file, though older", [("import", "Arch"), ("file", "Bow")], ("Arch",)),
    ("the newest of one source", [("file", "Bow"), ("file", "Arch")], ("Arch",)),
    ("a statement of no genre counts", [("file", "Bow"), ("person", None)], ()),
]


@pytest.mark.parametrize(
    ("statements", "tagged"), [rule[1:] for rule in RULES], ids=[rule[0] for rule in RULES]
)
def test_the_current_statement(
    database: Database, statements: list[tuple[str, str | None]], tagged: tuple[str]
) -> None:
    toy = ToyCatalog(
        [None],
        [ToyStatement(0, source, (genre,) if genre else ()) for source, genre in statements],
        judged=frozenset(GENRES),
    )
    with database.write() as connection:
        write_catalog(connection, toy)
        refresh_track_status(connection)
        (row,) = stored_rows(connection, toy)
    assert (row["tagged_genre"], row["relation"]) == ((tagged[0], None) if tagged else (None, "untagged"))


def test_a_withdrawn_statement_no_longer_counts(database: Database) -> None:
    toy = ToyCatalog(
        [None],
        [
            ToyStatement(0, "file", ("Arch",)),
            ToyStatement(0, "person", ("Bow",)),
            ToyStatement(0, "person", (), 1),
        ],
    )
    with database.write() as connection:
        write_catalog(connection, toy)
        refresh_track_status(connection)
        assert stored_rows(connection, toy)[0]["tagged_genre"] == "Arch"


@pytest.mark.parametrize(
    ("tagged", "suggested", "expected"),
    [
        (("Arch One",), "Arch One", "same"),
        (("Arch One Deep",), "Arch", "broader"),
        (("Arch",), "Arch One Deep", "narrower"),
        (("Arch One",), "Arch Two", "sibling"),
        (("Arch",), "Bow", "different"),
        (("Bow", "Arch One"), "Arch Two", "sibling"),
        (("Bow", "Arch"), "Arch", "same"),
        ((), "Arch", "untagged"),
        (("Arch",), None, None),
    ],
)
def test_relations(
    database: Database, tagged: tuple[str, ...], suggested: str | None, expected: str | None
) -> None:
    toy = ToyCatalog(
        [None], [ToyStatement(0, "file", tagged)], {0: ToyPrediction("Bow", suggested, 0)}, frozenset(GENRES)
    )
    with database.write() as connection:
        write_catalog(connection, toy)
        refresh_track_status(connection)
        assert stored_rows(connection, toy)[0]["relation"] == expected


def test_tracks_of_unsupported_genres_are_not_judged(database: Database) -> None:
    toy = ToyCatalog(
        [None], [ToyStatement(0, "file", ("Arch",))], {0: ToyPrediction("Bow", "Bow", 0)}, frozenset({"Bow"})
    )
    with database.write() as connection:
        write_catalog(connection, toy)
        refresh_track_status(connection)
        assert stored_rows(connection, toy)[0]["relation"] == "not_judged"


@pytest.mark.parametrize(
    ("artists", "firsts", "expected"),
    [
        (["Ann"] * 3, ["Arch", "Arch", "Bow"], ["Arch", "Arch", "Arch"]),
        (["Ann"] * 2, ["Arch", "Bow"], ["Bow", "Arch"]),
        (["Ann"], ["Arch"], [None]),
        (["Nobody"] * 3, ["Arch"] * 3, [None] * 3),
        (["Ann", "Ben"], ["Arch", "Bow"], [None, None]),
        ([None, None], ["Arch", "Arch"], [None, None]),
    ],
)
def test_artist_genre(
    database: Database, artists: list[str | None], firsts: list[str], expected: list[str | None]
) -> None:
    toy = ToyCatalog(artists, [ToyStatement(at, "file", (genre,)) for at, genre in enumerate(firsts)])
    with database.write() as connection:
        write_catalog(connection, toy)
        refresh_track_status(connection)
        assert [row["artist_genre"] for row in stored_rows(connection, toy)] == expected


def test_changed_rows_are_counted_as_differences(database: Database) -> None:
    toy = ToyCatalog(["Ann", "Ann"], [ToyStatement(0, "file", ("Arch",)), ToyStatement(1, "file", ("Bow",))])
    with database.write() as connection:
        write_catalog(connection, toy)
        refresh_track_status(connection)
        connection.execute(
            sa.update(t.track_status).where(t.track_status.c.track_id == FIRST).values(relation="same")
        )
        assert track_status_differences(connection) == 1
        connection.execute(sa.delete(t.track_status).where(t.track_status.c.track_id == FIRST + 1))
        assert track_status_differences(connection) == 2


def test_the_query_plan_uses_the_index_of_track_id(sqlite_url: str) -> None:
    """With the index of `withdraws_id`, which is mostly NULL, SQLite takes 9 minutes for 100,000 tracks, not 9 s."""
    import sqlite3

    from catalog.db.sql_files import read_sql

    with sqlite3.connect(sqlite_url.removeprefix("sqlite:///")) as connection:
        plan = [
            row[3]
            for row in connection.execute(
                f"EXPLAIN QUERY PLAN {read_sql('derived/track_status.sql', 'sqlite')}"
            )
        ]
    connection.close()
    assert "SEARCH s USING INDEX ix_statement_track_id (track_id=?)" in plan
