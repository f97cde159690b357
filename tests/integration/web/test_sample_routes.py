"""Blind questions of the audit sample: what is hidden, the answer, and the decision after it."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa

from catalog.db import tables as t
from catalog.review.audit_sample.audit_sample import draw_sample
from catalog.review.audit_sample.sample_estimates import estimate_sample
from catalog.web.review_item_view import sample_genres
from tests.integration.web.conftest import Page
from tests.integration.web.test_decision_routes import shown, words


@pytest.fixture
def blind(page: Page) -> Page:
    """The page of a catalog in which every track is in the audit sample."""
    with page.state.database.write() as connection:
        draw_sample(connection, 6, overlap=0)
    return page


def title_of(page: Page, html: str) -> str:
    track = int(shown(html)[1].partition(":")[2])
    return next(name for name, one in page.doubted.tracks.items() if one == track)


def test_names_and_tags_are_hidden_until_asked_for(blind: Page) -> None:
    html = blind.send("/next").json()["html"]
    assert shown(html)[0] == "blind"
    title = title_of(blind, html)
    artist = title.split()[0]
    assert title not in html
    assert artist not in words(html)
    assert "tagged" not in words(html)
    assert re.findall(r'data-genre="(\d+)"', html)
    track = blind.doubted.tracks[title]
    names = blind.send("/names", track_id=track).json()
    assert (names["title"], names["artist"]) == (title, artist)
    blind.send("/names", track_id=track)
    with blind.state.database.read() as connection:
        parameters = connection.execute(sa.select(t.audit_sample.c.parameters)).scalar_one()
        assert parameters["names_shown"] == [[track, "ada"]]
        estimate = estimate_sample(connection)
    assert estimate is not None
    assert estimate.names_shown == 1


@pytest.mark.parametrize(
    ("settlement", "tag", "verdicts"),
    [
        ("keep", "Pop", ["relabel", "keep"]),
        ("use", "Ambient", ["relabel", "relabel"]),
        ("unsure", "Pop", ["relabel", "unsure"]),
    ],
)
def test_only_the_answer_after_the_reveal_changes_the_tag(
    blind: Page, settlement: str, tag: str, verdicts: list[str]
) -> None:
    track, ambient = blind.doubted.tracks["Old 1"], blind.doubted.genres["Ambient"]
    revealed = blind.send("/judge", track_id=track, genre_id=ambient).json()["html"]
    assert shown(revealed)[0] == "revealed"
    said = words(revealed)
    assert "Your answer differs from the tag" in said
    assert all(each in said for each in ("Keep Pop", "Use Ambient (mine)", "Unsure"))
    assert blind.tags("Old 1") == "Pop", "a blind answer changes nothing"
    reply = blind.send("/settle", track_id=track, settlement=settlement)
    assert reply.status_code == 200
    assert blind.tags("Old 1") == tag
    with blind.state.database.read() as connection:
        rows = connection.execute(sa.select(t.decision).order_by(t.decision.c.id)).all()
        estimate = estimate_sample(connection)
    assert [row.verdict for row in rows] == verdicts
    assert [row.blind for row in rows] == [True, False]
    assert rows[0].statement_id is None
    assert estimate is not None
    assert estimate.wrong is not None
    assert estimate.wrong.value == 1.0, "the blind answer counts"
    assert blind.send("/undo").json()["message"].startswith("Undone")
    assert blind.tags("Old 1") == "Pop"


def test_an_answer_without_a_decision_leaves_the_case_open(blind: Page) -> None:
    track = blind.doubted.tracks["Old 1"]
    blind.send("/judge", track_id=track, genre_id=blind.doubted.genres["Ambient"])
    assert "1 case" in words(blind.client.get("/cases").json()["html"])
    query = sa.text("SELECT decision FROM suspects WHERE track_id = :track")
    with blind.state.database.read() as connection:
        assert connection.execute(query, {"track": track}).scalar_one() is None


def test_an_answer_that_agrees_asks_nothing(blind: Page) -> None:
    track = blind.doubted.tracks["Old 1"]
    revealed = blind.send("/judge", track_id=track, genre_id=blind.doubted.genres["Pop"]).json()["html"]
    assert "You agree with the tag" in revealed
    assert "data-settlement" not in revealed
    unsure = blind.send("/judge", track_id=blind.doubted.tracks["Sad 1"], verdict="unsure").json()["html"]
    assert "Saved" in unsure
    refused = blind.send("/settle", track_id=blind.doubted.tracks["Sad 2"], settlement="use")
    assert (refused.status_code, "not chosen" in refused.json()["error"]) == (409, True)
    assert blind.send("/settle", track_id=track, settlement="all").status_code == 400


def test_the_classes_of_the_model_are_offered_first(blind: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    genres = blind.doubted.genres
    classes = [genres[name] for name in ("Rock", "Punk", "Electronic", "Ambient")]
    monkeypatch.setattr(
        "catalog.web.review_item_view.active_model", lambda _connection: {"class_order": classes}
    )
    with blind.state.database.read() as connection:
        offered = [name for _, name in sample_genres(connection)]
    assert offered[:4] == ["Ambient", "Electronic", "Punk", "Rock"]
    assert offered[4:] == ["Jazz", "Metal", "Pop"]
