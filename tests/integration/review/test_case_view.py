"""A case with its tracks, their evidence and earlier decisions."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from catalog.db.database import Database
from catalog.db.tables import genre, suspect
from catalog.review.case_view import view_case, view_track
from catalog.review.decision import NothingToDecideError, case_suspects, decide
from tests.integration.review.conftest import Doubted


def test_a_renamed_genre_shows_its_new_name_without_a_new_audit(database: Database, doubted: Doubted) -> None:
    with database.write() as connection:
        before = view_case(connection, "red").tracks[0]
        connection.execute(
            sa.update(genre).where(genre.c.id == doubted.genres["Rock"]).values(name="Rock Music")
        )
        after = view_case(connection, "red").tracks[0]
    assert before.explanations == ("Predicted Rock (80\xa0%); the tag Metal gets 10\xa0%",)
    assert after.explanations == ("Predicted Rock Music (80\xa0%); the tag Metal gets 10\xa0%",)
    assert after.reasons == before.reasons


def test_tracks_come_by_suspicion_with_the_probabilities_of_the_audit(
    database: Database, doubted: Doubted
) -> None:
    with database.read() as connection:
        view = view_case(connection, "red")
    assert [track.title for track in view.tracks] == ["Red 1", "Red 2", "Red 3"]
    assert (view.tracks[0].suggestion_probability, view.tracks[0].tag_probability) == (0.8, 0.1)
    assert [tag.genre for tag in view.tracks[1].tags] == ["Metal", "Folk"]
    assert view.seen == {
        doubted.tracks[title]: doubted.statements[title] for title in ("Red 1", "Red 2", "Red 3")
    }


def test_a_track_without_a_prediction_reason_has_no_probabilities(
    database: Database, doubted: Doubted
) -> None:
    with database.write() as connection:
        connection.execute(
            sa.update(suspect)
            .where(suspect.c.track_id == doubted.tracks["Old 1"])
            .values(reasons=[{"kind": "album", "genre_id": doubted.genres["Rock"], "tracks": 7, "of": 8}])
        )
        (track,) = view_case(connection, "old").tracks
    assert track.tag_probability is None
    assert track.explanations == ("The album's other tracks are tagged Rock (7 of 8)",)


def test_a_decided_track_stays_in_the_case_with_its_decision(database: Database, doubted: Doubted) -> None:
    first = doubted.tracks["Red 1"]
    with database.write() as connection:
        decide(connection, case_suspects(connection, "red", scope="track", track_id=first), "accept", "ada")
        view = view_case(connection, "red")
    decided = view.tracks[0].decided
    assert decided is not None
    assert (decided.verdict, decided.reviewer) == ("accept", "ada")
    assert [track.title for track in view.open_tracks] == ["Red 2", "Red 3"]


def test_unknown_cases_and_tracks_are_errors(database: Database, doubted: Doubted) -> None:
    with database.read() as connection:
        with pytest.raises(NothingToDecideError, match="there is no case blue"):
            view_case(connection, "blue")
        with pytest.raises(NothingToDecideError, match="there is no track 999"):
            view_track(connection, 999)
