"""One question after the other: cases, decisions and their undo, the audit sample, two reviewers."""

from __future__ import annotations

import re
import sqlite3

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from catalog.audit.labels.audit_freshness import StaleAudit
from catalog.db import tables as t
from tests.integration.web.conftest import Page

TAG = re.compile(r"<[^>]*>")


def shown(html: str) -> tuple[str, str]:
    """What kind of question it is, and its key."""
    found = re.search(r'data-kind="(\w+)"[^>]* data-key="([^"]*)"', html)
    assert found, html[:200]
    return found[1], found[2]


def words(html: str) -> str:
    return " ".join(TAG.sub(" ", html).split())


def test_the_gravest_case_is_asked_first_with_everything_to_decide_on(page: Page) -> None:
    html = page.send("/next").json()["html"]
    assert shown(html) == ("case", "red")
    said = words(html)
    assert "3 tracks tagged Metal" in said
    assert "predicted Rock" in said
    assert "Predicted Rock (80 %); the tag Metal gets 10 %" in said
    assert "the artist\N{RIGHT SINGLE QUOTATION MARK}s 3 tracks" in said
    assert said.count("Red 2") == 1
    assert "No similar tracks found" in said
    assert "Accept Rock for 3 tracks" in said
    assert "Keep Metal for 3 tracks" in said
    assert "suspicion 90 %" in said
    assert "case c1" in said


def test_a_stroke_decides_the_case_and_undo_takes_it_back(page: Page) -> None:
    reply = page.decide("accept", "red", "Red 1").json()
    assert reply["message"] == "Accepted: 3 tracks are Rock now."
    assert shown(reply["html"]) == ("case", "sad")
    assert (page.tags("Red 1"), page.tags("Red 2")) == ("Rock", "Rock; Folk")
    back = page.send("/undo").json()
    assert back["message"] == "Undone: accept of 3 tracks."
    assert shown(back["html"]) == ("case", "red")
    assert (page.tags("Red 1"), page.tags("Red 2")) == ("Metal", "Metal; Folk")
    assert page.send("/undo").json()["error"] == "there is no decision of yours to undo"


def test_what_was_taken_back_is_decided_again(page: Page) -> None:
    assert "data-undone" not in page.send("/next").json()["html"]
    page.decide("accept", "red", "Red 1")
    back = page.send("/undo").json()
    assert shown(back["html"]) == ("case", "red")
    assert 'data-undone="yes"' in back["html"]
    again = page.send("/redo", key="red").json()
    assert again["message"] == "Redone: accept of 3 tracks."
    assert shown(again["html"]) == ("case", "sad"), "it goes on behind what was decided"
    assert page.tags("Red 2") == "Rock; Folk"
    nothing = page.send("/redo", key="sad")
    assert (nothing.status_code, nothing.json()["error"]) == (
        409,
        "there is no undone decision to redo",
    )


def test_redo_leaves_the_case_on_the_page_and_shows_what_is_left_of_its_own(page: Page) -> None:
    page.decide("keep", "red", "Red 2", scope="track")
    page.send("/undo")
    page.send("/next", after="red")
    again = page.send("/redo", key="sad").json()
    assert shown(again["html"]) == ("case", "red"), "two tracks of it are left"
    page.decide("keep", "old", "Old 1")
    page.send("/undo")
    assert shown(page.send("/open", case_id="sad").json()["html"]) == ("case", "sad")
    assert shown(page.send("/redo", key="sad").json()["html"]) == ("case", "sad"), "it was asked meanwhile"


def test_one_track_and_one_album_at_a_time(page: Page) -> None:
    reply = page.decide("keep", "red", "Red 2", scope="track").json()
    assert reply["message"] == "Kept: 1 track tagged Metal."
    assert shown(reply["html"]) == ("case", "red")
    assert f'data-track="{page.doubted.tracks["Red 1"]}"' in reply["html"]
    reply = page.decide("relabel", "red", "Red 1", scope="album", genre_id=page.doubted.genres["Jazz"]).json()
    assert reply["message"] == "Changed: 2 tracks are Jazz now."
    assert page.tags("Red 3") == "Jazz"


def test_a_case_that_others_decided_meanwhile_is_skipped_and_one_track_of_it_decided_anew(page: Page) -> None:
    page.decide("accept", "red", "Red 1")
    page.enter("bob")
    late = page.decide("keep", "red", "Red 1")
    assert (late.status_code, late.json()["error"]) == (
        409,
        "all tracks in this case have been decided in the meantime; skip it",
    )
    assert page.tags("Red 1") == "Rock"
    told = page.decide("keep", "red", "Red 1", scope="track").json()["notes"]
    assert told == ["1 track decided by ada before (accept): yours counts now"]


def test_naming_the_suggestion_accepts_and_naming_the_tag_keeps(page: Page) -> None:
    genres = page.doubted.genres
    assert (
        page.decide("relabel", "old", "Old 1", genre_id=genres["Rock"])
        .json()["message"]
        .startswith("Accepted")
    )
    assert (
        page.decide("relabel", "sad", "Sad 1", genre_id=genres["Jazz"]).json()["message"].startswith("Kept")
    )
    with page.state.database.read() as connection:
        verdicts = list(
            connection.execute(sa.select(t.decision.c.verdict).order_by(t.decision.c.id)).scalars()
        )
    assert verdicts == ["accept", "keep", "keep"]


def test_add_unsure_and_wrong_recording(page: Page) -> None:
    added = page.decide("add", "old", "Old 1", genre_id=page.doubted.genres["Jazz"]).json()
    assert (added["message"], page.tags("Old 1")) == ("Added: 1 track is Jazz too.", "Pop; Jazz")
    assert (
        page.decide("unsure", "sad", "Sad 1", scope="track").json()["message"].startswith("Unsure: 1 track")
    )
    done = page.decide("wrong_recording", "sad", "Sad 2").json()
    assert done["message"] == "Wrong recording: 1 track left as tagged."
    assert page.tags("Sad 2") == "Jazz"


def test_skip_goes_on_and_comes_round_again(page: Page) -> None:
    seen = ["red"]
    page.send("/next")
    for _ in range(3):
        seen.append(shown(page.send("/next", after=seen[-1]).json()["html"])[1])
    assert seen == ["red", "sad", "old", "red"]


def test_a_reload_shows_the_case_that_is_held(page: Page) -> None:
    page.send("/next")
    page.send("/next", after="red")
    assert shown(page.send("/next").json()["html"]) == ("case", "sad")


def test_two_reviewers_do_not_get_the_same_case(page: Page) -> None:
    assert shown(page.send("/next").json()["html"])[1] == "red"
    page.enter("bob")
    assert shown(page.send("/next").json()["html"])[1] == "sad"
    refused = page.send("/open", case_id="red")
    assert (refused.status_code, refused.json()["error"]) == (409, "ada has opened this case")
    assert page.send("/hold", key="red").json() == {"held": False, "by": "ada"}
    assert page.send("/hold", key="sad").json() == {"held": True}
    assert "ada has opened it" in words(page.client.get("/cases").json()["html"])
    page.enter("ada")
    page.decide("accept", "red", "Red 1")
    page.enter("bob")
    told = page.decide("keep", "red", "Red 1", scope="track").json()
    assert told["notes"] == ["1 track decided by ada before (accept): yours counts now"]
    assert page.tags("Red 1") == "Metal"


def test_what_changed_while_somebody_looked_is_told(page: Page) -> None:
    track, seen = page.doubted.tracks["Old 1"], {str(page.doubted.tracks["Old 1"]): 1}
    assert track
    told = page.decide("accept", "old", "Old 1", seen=seen).json()["notes"]
    assert told == ["1 track with changed tags since you opened the case: your decision is stored"]


def test_filters_lead_the_queue_and_the_list(page: Page) -> None:
    assert shown(page.send("/next", filters={"pair": "Jazz\nBlues"}).json()["html"])[1] == "sad"
    assert "1 case" in words(page.client.get("/cases", params={"pair": "Pop\nRock"}).json()["html"])
    assert "No matching cases" in page.client.get("/cases", params={"source": "import"}).json()["html"]
    assert "3 cases" in words(page.client.get("/cases", params={"collection": "records"}).json()["html"])
    nothing = page.send("/next", filters={"collection": "elsewhere"}).json()["html"]
    assert "No matching cases" in nothing
    page.decide("keep", "old", "Old 1")
    assert "Old" in page.client.get("/cases", params={"reviewer": "ada"}).json()["html"]
    start = page.client.get("/").text
    assert '<option value="Metal\nRock">Metal &rarr; Rock (1)</option>' in start
    assert '<option value="ada">ada</option>' in start


def test_an_artist_is_not_asked_about_again(page: Page) -> None:
    with page.state.database.write() as connection:
        # A track of the artist with the same tag that is in no case.
        connection.execute(sa.delete(t.suspect).where(t.suspect.c.track_id == page.doubted.tracks["Red 3"]))
    html = page.send("/next").json()["html"]
    assert "Do not ask again for Red: keep Metal for 3 tracks" in words(html)
    reply = page.send("/keep-artist", case_id="red").json()
    assert reply["message"] == "Kept Metal for 3 tracks by Red."
    with page.state.database.read() as connection:
        sources = connection.execute(
            sa.select(t.statement.c.source)
            .join_from(t.track_status, t.statement, t.statement.c.id == t.track_status.c.statement_id)
            .where(t.track_status.c.track_id.in_([page.doubted.tracks[f"Red {at}"] for at in (1, 2, 3)]))
        ).scalars()
        assert set(sources) == {"person"}
    assert page.send("/undo").json()["message"] == "Undone: keep of 3 tracks."


def test_a_track_that_is_not_flagged_is_found_opened_and_decided(page: Page) -> None:
    with page.state.database.write() as connection:
        connection.execute(sa.delete(t.suspect).where(t.suspect.c.track_id == page.doubted.tracks["Old 1"]))
    listed = page.client.get("/cases", params={"text": "old"}).json()["html"]
    assert "Other tracks" in listed
    track = page.doubted.tracks["Old 1"]
    html = page.send("/open-track", track_id=track).json()["html"]
    assert shown(html)[0] == "track"
    assert "not flagged" in words(html)
    flagged = page.send("/open-track", track_id=page.doubted.tracks["Red 2"]).json()["html"]
    assert shown(flagged) == ("case", "red"), "a flagged track is shown in its case"
    rock = page.doubted.genres["Rock"]
    page.send("/decide-track", track_id=track, verdict="relabel", genre_id=rock)
    assert page.tags("Old 1") == "Rock"
    assert page.send("/decide-track", track_id=track, verdict="accept").status_code == 400
    red = page.client.get("/cases", params={"text": "red 2"}).json()["html"]
    assert "1 case" in words(red)


def test_cases_of_an_older_model_say_so(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "older model" not in page.send("/next").json()["html"]
    monkeypatch.setattr("catalog.web.review_item_view.find_stale_audit", lambda _connection: StaleAudit(1, 2))
    assert "These cases come from an older model" in page.send("/next").json()["html"]


def test_without_an_audit_the_page_says_what_to_do(page: Page) -> None:
    with page.state.database.write() as connection:
        connection.execute(sa.update(t.audit).values(finished_at=None))
    html = page.send("/next").json()["html"]
    assert "No audit yet" in html
    assert "catalog audit" in html
    assert page.client.get("/progress").status_code == 200


def test_the_end_is_said_and_others_who_hold_the_rest(page: Page) -> None:
    page.enter("bob")
    page.send("/next")
    page.enter("ada")
    page.decide("keep", "old", "Old 1")
    left = page.decide("keep", "sad", "Sad 1").json()["html"]
    assert "Other reviewers have the remaining cases" in left
    page.enter("bob")
    done = page.decide("accept", "red", "Red 1").json()["html"]
    assert "Done. All cases have a decision." in done
    progress = words(page.client.get("/progress").text)
    assert "All suspects are decided" in progress
    assert "bob 3 3 0" in progress
    assert "ada 3 0 0" in progress


def test_genres_are_found_by_any_spelling(page: Page) -> None:
    found = page.client.get("/genres", params={"q": "hiphop"}).json()
    assert found[0]["name"] == "Hip-Hop"
    assert all(each["name"] != "Hip-Hop" for each in found[1:])
    assert len(page.client.get("/genres", params={"q": "a"}).json()) == 12
    assert page.client.get("/genres", params={"q": "a"}).json()[0]["name"].lower().startswith("a")
    assert page.client.get("/genres", params={"q": "&"}).json() == []
    rock = next(each for each in page.client.get("/genres", params={"q": "punk rock"}).json())
    assert set(rock) == {"id", "name", "broader"}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_full_disk_is_said_and_the_decision_can_be_sent_again(page: Page) -> None:
    limit: list[int] = []

    @event.listens_for(page.state.database.writer, "checkout")
    def fill(connection: sqlite3.Connection, *_: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {limit[0] if limit else 2**30}")

    with page.state.database.read() as connection:
        limit.append(connection.exec_driver_sql("PRAGMA page_count").scalar_one())
    verdicts = ("keep", "accept")
    for number in range(300):
        answer = page.decide(verdicts[number % 2], "red", "Red 1", scope="track")
        if answer.status_code != 200:
            break
    assert (answer.status_code, answer.json()) == (
        503,
        {"error": "the disk is full; free some space, then try again"},
    )
    before = page.tags("Red 1")
    assert before == ("Rock" if number % 2 == 0 else "Metal"), "the last one that was written counts"
    limit[0] = 2**30
    assert page.decide(verdicts[number % 2], "red", "Red 1", scope="track").status_code == 200
    assert page.tags("Red 1") != before
