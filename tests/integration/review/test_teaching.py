"""Decisions teach: what was kept is not doubted again, what was decided tells how much suspects are worth."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from catalog.audit.labels.estimated_precision import refresh_expected_right
from catalog.audit.labels.label_audit import audit_labels
from catalog.db import tables as t
from catalog.db.database import Database
from catalog.db.derived.track_status import refresh_track_status
from catalog.learning.training import train
from catalog.learning.training_options import TrainingOptions
from catalog.review.audit_sample.review_progress import review_progress
from catalog.review.case_list import Filters, list_cases
from catalog.review.case_view import view_case, view_track
from catalog.review.decision import (
    NothingToDecideError,
    OpenSuspect,
    case_suspects,
    decide,
    filtered_suspects,
    last_batch,
    undo,
)
from catalog.review.pair_acceptance import PairAcceptance, pair_acceptance
from catalog.review.similar_tracks import load_neighbor_index, similar_tracks
from tests.integration.conftest import DAY, insert, state
from tests.integration.labeled_collection import Filled, tag
from tests.integration.review.conftest import Doubted

Fill = Callable[..., Filled]


@pytest.fixture
def audited(database: Database, fill_labeled: Fill, tmp_path: Path) -> tuple[Filled, list[int]]:
    """A trained and audited collection in which two Jazz tracks are tagged Metal."""
    filled = fill_labeled()
    wrong = filled.tracks["Jazz"][:2]
    with database.write() as connection:
        metal = connection.execute(sa.select(t.genre.c.id).where(t.genre.c.name == "Metal")).scalar_one()
        for track_id in wrong:
            tag(connection, track_id, metal, "Metal")
        refresh_track_status(connection, wrong)
    train(database, tmp_path, TrainingOptions(feature_sets=("blobs",)))
    audit_labels(database)
    return filled, wrong


def test_a_case_has_all_that_is_needed_to_decide(
    database: Database, audited: tuple[Filled, list[int]]
) -> None:
    filled, wrong = audited
    confirmed = filled.tracks["Jazz"][-1]
    with database.write() as connection:
        jazz = connection.execute(sa.select(t.genre.c.id).where(t.genre.c.name == "Jazz")).scalar_one()
        decide(connection, [OpenSuspect(confirmed, jazz)], "keep", "ada", source="search")
        case = list_cases(connection).cases[0]
        pair = {"audit_id": insert(connection, t.audit, kind="duplicates", parameters={}, finished_at=DAY)}
        pair |= {"track_id": confirmed, "other_track_id": wrong[0]}
        connection.execute(
            sa.insert(t.duplicate_pair).values(**pair, kind="same_audio", similarity=1.0, genres_differ=True)
        )
    with database.read() as connection:
        near = load_neighbor_index(connection)
        assert near is not None
        view = view_case(connection, case.case_id, near)
        assert {each.track_id for each in view.open_tracks} == set(wrong)
        first = next(each for each in view.tracks if each.track_id == wrong[0])
        assert [tag.genre for tag in first.tags] == ["Metal"]
        assert (first.source, first.statement_id) == ("file", view.seen[wrong[0]])
        assert first.choices[0].genre == "Jazz"
        assert first.suggestion_probability is not None
        assert first.tag_probability is not None
        assert first.suggestion_probability > first.tag_probability
        assert len(first.neighbors) == 10
        assert {each.artist for each in first.neighbors} & {first.artist} == set()
        assert {each.genres for each in first.neighbors if each.is_counted} == {("Jazz",)}
        assert [each.track_id for each in first.duplicates] == [confirmed]
        assert [each.track_id for each in view_track(connection, confirmed).duplicates] == [wrong[0]]
        untagged = filled.tracks[None][0]
        assert len(similar_tracks(connection, near, {untagged: ()})[untagged]) == 10
        assert similar_tracks(connection, near, {999_999: ()}) == {}
        with pytest.raises(NothingToDecideError, match="no track 999999"):
            view_track(connection, 999_999)


def test_what_was_kept_is_not_doubted_again(database: Database, audited: tuple[Filled, list[int]]) -> None:
    _, wrong = audited
    with database.write() as connection:
        case_id = list_cases(connection).cases[0].case_id
        decide(connection, case_suspects(connection, case_id), "keep", "ada")
        assert list_cases(connection).total == 0
    assert audit_labels(database).is_new
    with database.write() as connection:
        doubted = set(connection.execute(sa.text("SELECT track_id FROM suspects")).scalars())
        assert not doubted & set(wrong)
        batch = last_batch(connection, reviewer="ada")
        assert batch is not None
        undo(connection, batch, "ada")
    audit_labels(database)
    with database.read() as connection:
        assert set(connection.execute(sa.text("SELECT track_id FROM suspects")).scalars()) >= set(wrong)


def test_suspects_say_what_share_people_accept(database: Database, doubted: Doubted) -> None:
    """A hundred decisions on suspects, the earlier ones written straight to the tables."""
    with database.write() as connection:
        metal, rock = doubted.genres["Metal"], doubted.genres["Rock"]
        place = connection.execute(sa.select(t.collection.c.id)).scalar_one()
        for number in range(99):
            track = insert(connection, t.track, collection_id=place)
            doubt = insert(
                connection,
                t.suspect,
                audit_id=doubted.audit_id,
                track_id=track,
                genre_id=metal,
                suggested_genre_id=rock,
                suspicion=0.4 + number / 200,
                relation="different",
                reasons=[],
            )
            decide(
                connection,
                [OpenSuspect(track, metal, rock, doubt)],
                "accept" if number % 4 else "unsure" if number == 0 else "relabel",
                "ada",
                genre_id=None if number % 4 or number == 0 else doubted.genres["Jazz"],
            )
        assert expected(connection) == {None}
        assert review_progress(connection).left is not None
        decide(connection, filtered_suspects(connection, Filters(tagged="Pop")), "accept", "ada")
        assert expected(connection) == {None}, "unsure is neither yes nor no: there are 99"
        last = decide(connection, filtered_suspects(connection, Filters(tagged="Metal"))[:1], "accept", "ada")
        shares = expected(connection)
        assert None not in shares
        assert all(0.5 < share < 1 for share in shares if share is not None)
        assert pair_acceptance(connection, metal, rock) == PairAcceptance(99, 75)
        found = review_progress(connection)
        assert found.left is not None
        assert (found.left.by, found.left.low <= found.left.tracks <= found.left.high) == (
            "expected_right",
            True,
        )
        assert found.overall is not None
        assert found.overall.value == 1.0, "a tag that was relabeled was wrong"
        undo(connection, last.batch, "ada")
        assert expected(connection) == {None}
        assert refresh_expected_right(connection) == 0


def expected(connection: sa.Connection) -> set[float | None]:
    return set(connection.execute(sa.text("SELECT expected_right FROM suspects")).scalars())


def test_a_file_that_says_otherwise_since_is_a_conflict(database: Database, doubted: Doubted) -> None:
    with database.write() as connection:
        decide(connection, case_suspects(connection, "red"), "accept", "ada")
        tracks = [doubted.tracks[title] for title in ("Red 1", "Red 2", "Red 3")]
        state(connection, tracks[0], "file", [doubted.genres["Rock"]])
        state(connection, tracks[1], "file", [doubted.genres["Jazz"]])
        ours = state(connection, tracks[2], "file", [doubted.genres["Jazz"]])
        connection.execute(sa.update(t.statement).where(t.statement.c.id == ours).values(origin="catalog"))
        refresh_track_status(connection)
        rows = connection.execute(
            sa.text("SELECT title, decided_genres, decided_by, source FROM conflicts")
        ).all()
        assert [tuple(row) for row in rows] == [("Red 2", "Rock; Folk", "ada", "file")]
        state(connection, tracks[1], "file", [doubted.genres["Folk"], doubted.genres["Rock"]])
        assert connection.execute(sa.text("SELECT count(*) FROM conflicts")).scalar_one() == 0, (
            "it agrees now"
        )
