"""Decisions on a real database: what they write, for whom, and how they are taken back."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from catalog.collection.removal import remove_tracks
from catalog.db import tables as t
from catalog.db.database import Database
from catalog.db.derived.track_status import refresh_track_status, track_status_differences
from catalog.review.audit_sample.audit_sample import draw_sample
from catalog.review.audit_sample.review_progress import review_progress
from catalog.review.case_list import Filters, list_cases
from catalog.review.decision import (
    NothingToDecideError,
    OpenSuspect,
    Scope,
    case_suspects,
    decide,
    filtered_suspects,
    last_batch,
    track_suspect,
    undo,
)
from catalog.review.redo import last_undo, redo
from catalog.review.verdict import InvalidVerdictError
from tests.integration.conftest import state
from tests.integration.review.conftest import Doubted
from tests.integration.review.decided_cases import labels, open_tracks


def test_a_case_is_accepted_and_undone_as_one_batch(database: Database, doubted: Doubted) -> None:
    with database.write() as connection:
        done = decide(connection, case_suspects(connection, "red"), "accept", "ada")
        assert (len(done.track_ids), done.messages) == (3, ())
        assert [labels(connection, doubted, title) for title in ("Red 1", "Red 2")] == [
            ["Rock"],
            ["Rock", "Folk"],
        ]
        assert open_tracks(connection) == {"sad": 2, "old": 1}
        assert last_batch(connection, reviewer="ada") == last_batch(connection, case_id="red") == done.batch
        with pytest.raises(NothingToDecideError, match="is decided"):
            case_suspects(connection, "red")
    with database.write() as connection:
        undone = undo(connection, done.batch, "ada")
        assert sorted(undone.track_ids) == sorted(done.track_ids)
        assert labels(connection, doubted, "Red 2") == ["Metal", "Folk"]
        assert open_tracks(connection) == {"red": 3, "sad": 2, "old": 1}
        assert undo(connection, done.batch, "ada").track_ids == ()
        assert last_batch(connection, reviewer="ada") is None
        assert track_status_differences(connection) == 0
    with database.read() as connection:
        kept = connection.execute(sa.select(sa.func.count()).select_from(t.decision)).scalar_one()
    assert kept == 6, "evidence is only ever added"


def test_scopes(database: Database, doubted: Doubted) -> None:
    tracks = doubted.tracks
    with database.read() as connection:
        places: dict[Scope, str] = {"track": "Red 3", "album": "Red 1", "artist": "Red 1"}
        found = {
            scope: [
                each.track_id
                for each in case_suspects(connection, "red", scope=scope, track_id=tracks[title])
            ]
            for scope, title in places.items()
        }
        assert found == {
            "track": [tracks["Red 3"]],
            "album": [tracks["Red 1"], tracks["Red 3"]],
            "artist": [tracks["Red 1"], tracks["Red 2"], tracks["Red 3"]],
        }
        with pytest.raises(NothingToDecideError, match="not in case"):
            case_suspects(connection, "red", scope="track", track_id=tracks["Old 1"])
        with pytest.raises(NothingToDecideError, match="no case nix"):
            case_suspects(connection, "nix")


def test_every_verdict(database: Database, doubted: Doubted) -> None:
    jazz = doubted.genres["Jazz"]
    expected = {
        "keep": ["Metal", "Folk"],
        "accept": ["Rock", "Folk"],
        "relabel": ["Jazz", "Folk"],
        "add": ["Metal", "Folk", "Jazz"],
        "unsure": ["Metal", "Folk"],
        "wrong_recording": ["Metal", "Folk"],
    }
    for verdict, after in expected.items():
        with database.write() as connection:
            doubts = case_suspects(connection, "red", scope="track", track_id=doubted.tracks["Red 2"])
            genre_id = jazz if verdict in {"relabel", "add"} else None
            done = decide(connection, doubts, verdict, "ada", genre_id=genre_id)  # type: ignore[arg-type]
            assert labels(connection, doubted, "Red 2") == after, verdict
            silent = verdict in {"unsure", "wrong_recording"}
            said = connection.execute(
                sa.select(t.decision.c.statement_id).where(t.decision.c.batch == done.batch)
            ).scalar_one()
            assert (said is None) == silent
            shown = connection.execute(
                sa.text("SELECT decision FROM suspects WHERE track_id = :track"),
                {"track": doubted.tracks["Red 2"]},
            ).scalar_one()
            assert shown == verdict
            undo(connection, done.batch, "ada")
            assert labels(connection, doubted, "Red 2") == ["Metal", "Folk"]


def test_a_tag_named_again_is_kept_and_no_wrong_one_found(database: Database, doubted: Doubted) -> None:
    with database.write() as connection:
        right, wrong = (track_suspect(connection, doubted.tracks[name]) for name in ("Old 1", "Red 1"))
        right = OpenSuspect(right.track_id, right.genre_id, right.genre_id, right.suspect_id)
        done = decide(connection, [right, wrong], "accept", "ada")
        assert done.messages == ("1 track already tagged with that genre: kept",)
        for _ in range(2):
            assert review_progress(connection).by_outcome == {"corrected": 1, "kept": 1}
            assert review_progress(connection).found_wrong == 1
            assert labels(connection, doubted, "Old 1") == ["Pop"]
            assert labels(connection, doubted, "Red 1") == ["Rock"]
            batch = last_batch(connection, reviewer="ada")
            assert batch is not None
            assert undo(connection, batch, "ada").verdict == "accept"
            undone = last_undo(connection, "ada")
            assert undone is not None
            redo(connection, undone)


def test_verdicts_that_make_no_sense(database: Database, doubted: Doubted) -> None:
    with database.write() as connection:
        doubt = track_suspect(connection, doubted.tracks["Red 1"])
        with pytest.raises(InvalidVerdictError, match="relabel needs a genre"):
            decide(connection, [doubt], "relabel", "ada")
        with pytest.raises(InvalidVerdictError, match="has no suggestion"):
            decide(connection, [OpenSuspect(doubt.track_id, doubt.genre_id)], "accept", "ada")
        with pytest.raises(NothingToDecideError, match="no track 999"):
            track_suspect(connection, 999)
        with pytest.raises(NothingToDecideError, match="no longer in the catalog"):
            decide(connection, [OpenSuspect(999, None)], "unsure", "ada")
        assert connection.execute(sa.select(sa.func.count()).select_from(t.decision)).scalar_one() == 0


def test_two_decide_the_same_and_the_later_counts(database: Database, doubted: Doubted) -> None:
    with database.write() as connection:
        doubts = case_suspects(connection, "red")
        shown = {doubts[1].track_id: doubted.statements["Red 2"]}
        first = decide(connection, doubts, "accept", "ada")
        second = decide(
            connection, doubts[1:2], "relabel", "bob", genre_id=doubted.genres["Jazz"], seen=shown
        )
        assert second.messages == ("1 track decided by ada before (accept): yours counts now",)
        assert labels(connection, doubted, "Red 2") == ["Jazz", "Folk"]
        undo(connection, second.batch, "bob")
        assert labels(connection, doubted, "Red 2") == ["Rock", "Folk"]
        undo(connection, first.batch, "ada")
        assert labels(connection, doubted, "Red 2") == ["Metal", "Folk"]


def test_changes_since_the_reviewer_saw_a_track_are_reported(database: Database, doubted: Doubted) -> None:
    tracks = doubted.tracks
    with database.write() as connection:
        doubts = case_suspects(connection, "red")
        shown = {tracks[title]: doubted.statements[title] for title in ("Red 1", "Red 2", "Red 3")}
        connection.execute(sa.update(t.track).where(t.track.c.id == tracks["Red 3"]).values(state="missing"))
        state(connection, tracks["Red 1"], "file", [doubted.genres["Pop"]])
        from catalog.db.derived.track_status import refresh_track_status

        refresh_track_status(connection)
        done = decide(connection, [*doubts, OpenSuspect(999, None)], "accept", "ada", seen=shown)
        assert set(done.messages) == {
            "1 track with changed tags since you opened the case: your decision is stored",
            "1 track without a file: your decision is stored",
            "1 track no longer in the catalog: no decision was stored",
        }
        assert labels(connection, doubted, "Red 1") == ["Rock"]


def test_a_tag_changed_in_the_file_closes_the_suspect(database: Database, doubted: Doubted) -> None:

    with database.write() as connection:
        state(connection, doubted.tracks["Red 1"], "file", [doubted.genres["Rock"]])
        refresh_track_status(connection, [doubted.tracks["Red 1"]])
        assert open_tracks(connection)["red"] == 2
        found = [each.track_id for each in filtered_suspects(connection, Filters(tagged="Metal"))]
        assert found == [doubted.tracks["Red 2"], doubted.tracks["Red 3"]]
        listed = set(connection.execute(sa.text("SELECT track_id FROM suspects")).scalars())
        assert doubted.tracks["Red 1"] not in listed


def test_a_collection_goes_with_all_that_was_decided_of_it(database: Database, doubted: Doubted) -> None:
    with database.write() as connection:
        done = decide(connection, case_suspects(connection, "red"), "accept", "ada")
        undo(connection, done.batch, "ada")
        decide(connection, case_suspects(connection, "red"), "keep", "ada")
        draw_sample(connection, 6)
        removed = remove_tracks(connection, doubted.tracks.values())
        assert (removed.tracks, removed.decisions) == (6, 9)
        for table in (t.decision, t.audit_sample_track, t.statement, t.suspect):
            assert connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() == 0
        assert list_cases(connection).total == 0
