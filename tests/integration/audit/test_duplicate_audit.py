"""The search for duplicates on a real database: suggested, stored once, never merged."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from catalog.audit.duplicates import duplicate_audit
from catalog.audit.duplicates.duplicate_audit import audit_duplicates, differing_duplicates
from catalog.db.database import Database
from catalog.db.derived.track_status import refresh_track_status
from catalog.db.tables import audit, duplicate_pair, feature_vector, track
from catalog.similarity.duplicates import Pair
from tests.integration.report.filled import add_collection, add_recipe, add_track, add_vector, genre_id, say


def fill(database: Database) -> list[int]:
    """Two with the same audio and different genres, a third nearly the same, three that are others."""
    vectors = [[one + 1, *range(one, one + 23)] for one in (3, 3, 3)]
    vectors += [[(7 * one * at) % 11 for at in range(24)] for one in (1, 2, 3)]
    vectors[2] = [each + 0.01 * at for at, each in enumerate(vectors[2])]
    with database.write() as connection:
        collection, recipe = add_collection(connection), add_recipe(connection)
        tracks = [
            add_track(
                connection,
                collection,
                artist=None,
                title=f"T{at}",
                path=f"{at}.mp3",
                duration=200.0 + at / 10,
                audio_hash="same" if at < 2 else f"hash {at}",
            )
            for at in range(6)
        ]
        for track_id, vector, name in zip(
            tracks, vectors, ("Rock", "Jazz", "Metal", "Jazz", "Jazz", "Rock"), strict=True
        ):
            add_vector(connection, recipe, track_id, vector)
            say(connection, track_id, genre_id(connection, name))
        refresh_track_status(connection)
    return tracks


def counted(database: Database, table: sa.Table) -> int:
    with database.read() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def test_equal_and_nearly_equal_recordings_are_found_once(database: Database) -> None:
    tracks = fill(database)
    found = audit_duplicates(database)
    assert [(pair.track_id, pair.other_track_id, pair.kind) for pair in found.pairs] == [
        (tracks[0], tracks[1], "same_audio"),
        (tracks[0], tracks[2], "nearly_same"),
    ]
    assert (found.is_new, found.tracks, found.differing, found.groups) == (True, 6, 1, [tracks[:3]])
    again = audit_duplicates(database)
    assert (again.is_new, again.audit_id) == (False, found.audit_id)
    assert (counted(database, audit), counted(database, duplicate_pair), counted(database, track)) == (
        1,
        2,
        6,
    )


def test_the_view_names_both_with_their_genres(database: Database) -> None:
    tracks = fill(database)
    audit_duplicates(database)
    with database.read() as connection:
        rows = (
            connection.execute(sa.text("SELECT * FROM duplicates ORDER BY other_track_id")).mappings().all()
        )
        differing = differing_duplicates(connection)
    assert [(row["genres"], row["other_genres"], bool(row["genres_differ"])) for row in rows] == [
        ("Rock", "Jazz", True),
        ("Rock", "Metal", False),
    ]
    assert differing == {tracks[0]: [(tracks[1], "same_audio")], tracks[1]: [(tracks[0], "same_audio")]}


def test_a_dry_run_stores_nothing(database: Database) -> None:
    fill(database)
    assert len(audit_duplicates(database, dry_run=True).pairs) == 2
    assert counted(database, audit) == counted(database, duplicate_pair) == 0


def test_missing_tracks_are_left_out_and_a_change_makes_a_new_search(database: Database) -> None:
    tracks = fill(database)
    audit_duplicates(database)
    with database.write() as connection:
        connection.execute(sa.update(track).where(track.c.id == tracks[1]).values(state="missing"))
    found = audit_duplicates(database)
    assert found.is_new
    assert [pair.other_track_id for pair in found.pairs] == [tracks[2]]
    with database.read() as connection:
        assert differing_duplicates(connection) == {}


def test_without_vectors_equal_audio_is_found_all_the_same(database: Database) -> None:
    fill(database)
    with database.write() as connection:
        connection.execute(sa.delete(feature_vector))
    assert [pair.kind for pair in audit_duplicates(database).pairs] == ["same_audio"]


def test_an_empty_catalog_has_none(database: Database) -> None:
    found = audit_duplicates(database)
    assert (found.pairs, found.groups, found.tracks) == ([], [], 0)


def test_what_was_compared_already_is_not_compared_again_but_its_genres_are(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracks = fill(database)
    first = audit_duplicates(database)
    with monkeypatch.context() as patch:
        patch.setattr(duplicate_audit, "near_duplicate_pairs", _not_again)
        assert audit_duplicates(database).pairs == first.pairs
        with database.write() as connection:
            say(connection, tracks[2], genre_id(connection, "Jazz"))
            refresh_track_status(connection)
        changed = audit_duplicates(database)
        assert (changed.is_new, changed.differing) == (True, 2)
    with database.write() as connection:
        connection.execute(sa.update(track).where(track.c.id == tracks[5]).values(duration=7.0))
    compared = audit_duplicates(database)
    assert (compared.is_new, compared.audit_id) == (False, changed.audit_id), "compared, and the same found"
    monkeypatch.setattr(duplicate_audit, "near_duplicate_pairs", _not_again)
    assert audit_duplicates(database).audit_id == changed.audit_id


def _not_again(*_: object) -> list[Pair]:
    raise AssertionError("the tracks were compared again")
