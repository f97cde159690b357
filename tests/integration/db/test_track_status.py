"""`track_status`, `confusion_count` and their SQL, against a model of the same rules in Python."""

from __future__ import annotations

from collections import Counter

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.db import tables as t
from catalog.db.database import Database
from catalog.db.derived.confusion import confusion_differences, refresh_confusion
from catalog.db.derived.track_status import refresh_track_status, track_status_differences
from tests.integration.db.standing_world import (
    FIRST,
    GENRES,
    Heard,
    Said,
    World,
    expected,
    insert,
    kept,
    say,
    worlds,
    write,
)

SLOW_FIXTURES = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@settings(max_examples=60, deadline=None, suppress_health_check=SLOW_FIXTURES)
@given(world=worlds())
def test_the_sql_gives_what_the_rules_say(database: Database, world: World) -> None:
    with database.writer.connect() as connection, connection.begin() as transaction:
        write(connection, world)
        refresh_track_status(connection)
        assert kept(connection, world) == [expected(world, track) for track in range(len(world.artists))]
        assert track_status_differences(connection) == 0
        transaction.rollback()


@settings(max_examples=40, deadline=None, suppress_health_check=SLOW_FIXTURES)
@given(world=worlds(), share=st.floats(0, 1))
def test_refreshing_what_was_touched_is_enough(database: Database, world: World, share: float) -> None:
    """Statements come in; refreshing their tracks alone gives what refreshing all would."""
    before = round(len(world.said) * share)
    with database.writer.connect() as connection, connection.begin() as transaction:
        write(
            connection, World(world.artists, world.said[:before], world.heard, world.judged, world.has_model)
        )
        refresh_track_status(connection)
        say(connection, world, before)
        refresh_track_status(connection, {FIRST + said.track for said in world.said[before:]})
        assert track_status_differences(connection) == 0
        assert kept(connection, world) == [expected(world, track) for track in range(len(world.artists))]
        transaction.rollback()


RULES = [
    ("human over import over file", [("person", "Bow"), ("import", "Arch"), ("file", "Arch")], ("Bow",)),
    ("import over file, though older", [("import", "Arch"), ("file", "Bow")], ("Arch",)),
    ("the newest of one source", [("file", "Bow"), ("file", "Arch")], ("Arch",)),
    ("a statement of no genre counts", [("file", "Bow"), ("person", None)], ()),
]


@pytest.mark.parametrize(("said", "tagged"), [rule[1:] for rule in RULES], ids=[rule[0] for rule in RULES])
def test_the_current_statement(
    database: Database, said: list[tuple[str, str | None]], tagged: tuple[str]
) -> None:
    world = World(
        [None],
        [Said(0, source, (genre,) if genre else ()) for source, genre in said],
        judged=frozenset(GENRES),
    )
    with database.write() as connection:
        write(connection, world)
        refresh_track_status(connection)
        (row,) = kept(connection, world)
    assert (row["tagged_genre"], row["relation"]) == ((tagged[0], None) if tagged else (None, "untagged"))


def test_a_withdrawn_statement_gives_way_to_the_one_before(database: Database) -> None:
    world = World([None], [Said(0, "file", ("Arch",)), Said(0, "person", ("Bow",)), Said(0, "person", (), 1)])
    with database.write() as connection:
        write(connection, world)
        refresh_track_status(connection)
        assert kept(connection, world)[0]["tagged_genre"] == "Arch"


@pytest.mark.parametrize(
    ("tagged", "suggested", "wanted"),
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
def test_every_relation(
    database: Database, tagged: tuple[str, ...], suggested: str | None, wanted: str | None
) -> None:
    world = World([None], [Said(0, "file", tagged)], {0: Heard("Bow", suggested, 0)}, frozenset(GENRES))
    with database.write() as connection:
        write(connection, world)
        refresh_track_status(connection)
        assert kept(connection, world)[0]["relation"] == wanted


def test_what_the_model_does_not_judge_is_not_judged(database: Database) -> None:
    world = World([None], [Said(0, "file", ("Arch",))], {0: Heard("Bow", "Bow", 0)}, frozenset({"Bow"}))
    with database.write() as connection:
        write(connection, world)
        refresh_track_status(connection)
        assert kept(connection, world)[0]["relation"] == "not_judged"


@pytest.mark.parametrize(
    ("artists", "firsts", "wanted"),
    [
        (["Ann"] * 3, ["Arch", "Arch", "Bow"], ["Arch", "Arch", "Arch"]),
        (["Ann"] * 2, ["Arch", "Bow"], ["Bow", "Arch"]),
        (["Ann"], ["Arch"], [None]),
        (["Nobody"] * 3, ["Arch"] * 3, [None] * 3),
        (["Ann", "Ben"], ["Arch", "Bow"], [None, None]),
        ([None, None], ["Arch", "Arch"], [None, None]),
    ],
)
def test_the_artists_other_tracks(
    database: Database, artists: list[str | None], firsts: list[str], wanted: list[str | None]
) -> None:
    world = World(artists, [Said(at, "file", (genre,)) for at, genre in enumerate(firsts)])
    with database.write() as connection:
        write(connection, world)
        refresh_track_status(connection)
        assert [row["artist_genre"] for row in kept(connection, world)] == wanted


@settings(max_examples=30, deadline=None, suppress_health_check=SLOW_FIXTURES)
@given(
    members=st.dictionaries(st.integers(0, 7), st.sampled_from(GENRES)),
    heard=st.dictionaries(
        st.integers(0, 7),
        st.builds(Heard, st.none() | st.sampled_from(GENRES), st.none(), st.none() | st.integers(0, 4)),
    ),
)
def test_confusions_are_counted_out_of_fold(
    database: Database, members: dict[int, str], heard: dict[int, Heard]
) -> None:
    ids = {name: FIRST + number for number, name in enumerate(GENRES)}
    names = {key: name for name, key in ids.items()}
    with database.writer.connect() as connection, connection.begin() as transaction:
        write(connection, World([None] * 8, heard=heard))
        frozen = {"hash": "h", "level": "leaf", "parameters": {}, "tracks": 1, "classes": 1, "groups": 1}
        connection.execute(sa.insert(t.snapshot).values(id=FIRST, **frozen))
        rows = [
            {
                "snapshot_id": FIRST,
                "track_id": FIRST + track,
                "genre_id": ids[genre],
                "group_id": 0,
                "fold": 0,
            }
            for track, genre in members.items()
        ]
        insert(connection, t.snapshot_member, rows)
        connection.execute(sa.update(t.model).values(snapshot_id=FIRST))
        refresh_confusion(connection, FIRST)
        counted = {
            (names[row.tagged_genre_id], names[row.predicted_genre_id]): row.tracks
            for row in connection.execute(sa.select(t.confusion_count))
        }
        wanted = Counter(
            (members[track], one.first)
            for track, one in heard.items()
            if track in members and one.fold is not None and one.first is not None
        )
        assert counted == wanted
        assert confusion_differences(connection) == 0
        if counted:
            connection.execute(sa.update(t.confusion_count).values(tracks=t.confusion_count.c.tracks + 1))
            assert confusion_differences(connection) == 2 * len(counted)
        transaction.rollback()


def test_a_row_that_was_tampered_with_is_found(database: Database) -> None:
    world = World(["Ann", "Ann"], [Said(0, "file", ("Arch",)), Said(1, "file", ("Bow",))])
    with database.write() as connection:
        write(connection, world)
        refresh_track_status(connection)
        connection.execute(
            sa.update(t.track_status).where(t.track_status.c.track_id == FIRST).values(relation="same")
        )
        assert track_status_differences(connection) == 1
        connection.execute(sa.delete(t.track_status).where(t.track_status.c.track_id == FIRST + 1))
        assert track_status_differences(connection) == 2


def test_no_step_looks_at_all_statements_for_each_track(sqlite_url: str) -> None:
    """SQLite chose the index of `withdraws_id`, where nearly all is NULL: nine minutes for 100,000 tracks, not nine
    seconds.
    """
    import sqlite3

    from catalog.db.sql import read_sql

    with sqlite3.connect(sqlite_url.removeprefix("sqlite:///")) as connection:
        plan = [
            row[3]
            for row in connection.execute(
                f"EXPLAIN QUERY PLAN {read_sql('derived/track_status.sql', 'sqlite')}"
            )
        ]
    connection.close()
    assert "SEARCH s USING INDEX ix_statement_track_id (track_id=?)" in plan
