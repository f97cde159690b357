"""The review page in a real browser: a whole review by keys, sound that plays, two reviewers, a blind sample."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import av
import numpy as np
import pytest
import sqlalchemy as sa
from playwright.sync_api import Route, expect

from catalog.audio.excerpts import excerpt_windows
from catalog.db import tables as t
from tests.acceptance.review_desk import (
    DESK,
    NAMELESS,
    PATIENCE,
    PHONE,
    Desk,
    browser,
    choose,
    decide_one_of_three,
    desk,
    heard,
    key_of,
    press,
    until,
)

__all__ = ["browser", "desk"]


def test_a_whole_review_by_keys(desk: Callable[..., Desk]) -> None:
    room = desk(20)
    page = room.sit("ada")
    played: set[str] = set()
    seen: list[str] = []
    tried = False
    verdicts = ["a", "k", "2", "u", "w", "G", "D"]
    for number in range(20):
        seen.append(key_of(page))
        assert page.evaluate("document.activeElement.tagName") == "H1"
        if len(played) < 2:
            heard(page)
            played.add(page.evaluate("document.getElementById('audio').currentSrc").rpartition("/")[2])
        if number == 1:
            page.reload()
            page.locator("article h1").wait_for()
            assert key_of(page) == seen[-1], "a reload shows what is held"
        if not tried and page.locator(".tracks button").count() == 3:
            tried = True
            decide_one_of_three(page)
        action = verdicts[number % len(verdicts)]
        if action in "GD":
            choose(page, action.lower(), "ambient")
        else:
            press(page, action)
        if number == 6:
            press(page, "z")
            assert key_of(page) == seen[-1]
            press(page, "Shift+Z")
            expect(page.locator("#status")).to_contain_text("Redone: add of")
            assert key_of(page) != seen[-1], "on, as after deciding"
            press(page, "z")
            press(page, "k")
    assert len(set(seen)) == 20
    assert "Done. All cases have a decision." in page.locator("h1").inner_text()
    assert played == {"audio", "recording.mp3"}, "one of five kinds is played as an MP3"
    with room.database.read() as connection:
        open_doubts = (
            sa.select(sa.func.count())
            .select_from(t.track_status)
            .where(t.track_status.c.tagged_genre.is_(None))
        )
        assert connection.execute(open_doubts).scalar_one() == 0
    counted = [verdict for verdict, _, _ in room.decisions()]
    assert counted.count("undo") >= 3, "a row for each track"
    assert set(counted) == {"accept", "keep", "relabel", "unsure", "wrong_recording", "add", "undo"}
    page.get_by_role("link", name="Progress").click()
    expect(page.locator("main.progress")).to_contain_text("All suspects are decided")
    assert room.remarks == []


def test_the_genre_marked_by_arrows_is_the_one_taken(desk: Callable[..., Desk]) -> None:
    page = desk(1).sit("ada")
    page.keyboard.press("g")
    page.keyboard.type("metal")
    marked = page.locator('dialog[open] li[aria-selected="true"] span').first
    expect(marked).to_have_text("Metal")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(marked).not_to_have_text("Metal")
    name = marked.inner_text()
    page.keyboard.press("Enter")
    expect(page.locator("#status")).to_contain_text(f"{name} now.")


def test_the_player_by_keys(desk: Callable[..., Desk]) -> None:
    page = desk(1).sit("ada")
    audio = "document.getElementById('audio')"
    first = heard(page)
    page.keyboard.press("Space")
    until(page, f"{audio}.paused")
    page.keyboard.press("ArrowRight")
    assert page.evaluate(f"{audio}.currentTime") > first + 2
    for _ in range(3):
        page.keyboard.press("ArrowLeft")
    assert page.evaluate(f"{audio}.currentTime") == 0
    assert page.locator(".play").get_attribute("aria-label") == "Play"
    page.get_by_label("Position in the track").evaluate(
        "(it) => { it.value = 500; it.dispatchEvent(new Event('input')); }"
    )
    assert page.evaluate(f"{audio}.currentTime") == pytest.approx(3, abs=0.1)
    page.keyboard.press("Space")
    assert heard(page) > 3
    assert page.locator(".wave path.inside").get_attribute("d")
    until(page, "document.querySelector('.spectrogram').naturalWidth === 1000")
    expect(page.locator(".frequencies li")).to_have_count(3)
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()
    page.get_by_label("Keyboard shortcuts").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    page.wait_for_timeout(300)
    assert key_of(page) == "case00", "single keys were switched off"


def test_of_a_long_recording_what_was_analyzed_is_heard_first(desk: Callable[..., Desk]) -> None:
    room = desk(1)
    track = room.tracks["Artist 00 song 0"]
    with av.open(str(room.root / "long.aiff"), "w") as container:
        stream = container.add_stream("pcm_s16be", rate=8_000, layout="mono")
        for _ in range(700):
            hum = (9_000 * np.sin(np.arange(8_000) / 8_000 * 440 * 2 * np.pi)).astype(np.int16)
            frame = av.AudioFrame.from_ndarray(hum[None, :], format="s16", layout="mono")
            frame.sample_rate = 8_000
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with room.database.write() as connection:
        facts = {"path": "long.aiff", "path_bytes": b"long.aiff", "codec": "pcm_s16be", "duration": 700.0}
        connection.execute(sa.update(t.track).where(t.track.c.id == track).values(**facts))
    page = room.sit("ada")
    place = heard(page)
    assert page.evaluate("document.getElementById('audio').currentSrc").endswith("recording.mp3")
    assert page.evaluate("document.getElementById('audio').duration") == pytest.approx(600, abs=0.1)
    begin = excerpt_windows(700.0)[0][0][0]
    assert begin > 60, "of the recording only what lies behind it is waited for"
    assert 50 + place == pytest.approx(begin, abs=PATIENCE / 1000)


def test_who_comes_back_to_a_question_is_told_who_has_it_by_now(desk: Callable[..., Desk]) -> None:
    room = desk(2)
    page = room.sit("ada")
    with room.database.write() as connection:
        connection.execute(sa.update(t.review_lease).values(reviewer="bob"))
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("#status")).to_contain_text("bob has opened this case")
    press(page, "a")
    assert [row[:2] for row in room.decisions()][-1] == ("accept", "ada"), "and may decide all the same"
    assert room.remarks == []


def test_two_reviewers_a_blind_sample_and_a_machine_that_fails(desk: Callable[..., Desk]) -> None:
    room = desk(14, sample=4)
    ada, bob = room.sit("ada"), room.sit("bob")
    assert key_of(ada) != key_of(bob)
    bob.route(
        "**/decide",
        lambda route: route.fulfill(
            status=503, json={"error": "the disk is full; make room, then try again"}
        ),
    )
    held = key_of(bob)
    bob.keyboard.press("a")
    expect(bob.locator(".actions #error")).to_contain_text("The disk is full")
    assert key_of(bob) == held
    bob.unroute("**/decide")
    refusal = {"status": 503, "json": {"error": "the disk is full; make room, then try again"}}
    bob.route("**/next", lambda route: route.fulfill(**refusal))
    bob.reload()
    expect(bob.locator("#error")).to_contain_text("is not saved yet")
    bob.unroute("**/next")
    bob.get_by_role("button", name="Reload").click()
    bob.locator("article h1").wait_for()
    assert key_of(bob) == held
    expect(bob.locator("#error")).to_contain_text("is not saved yet")
    bob.evaluate("document.querySelector('article').dataset.old = 'yes'")
    bob.get_by_role("button", name="Try again").click()
    bob.locator("article:not([data-old])").wait_for()
    assert [row[:2] for row in room.decisions()][-1] == ("accept", "bob"), "it was kept through a reload"
    for _ in range(4):
        press(ada, "k")
    assert ada.locator("article").get_attribute("data-kind") == "blind", "the fifth question"
    said = ada.locator("article").inner_text()
    assert "tagged" not in said
    assert "suggested" not in said
    heard(ada)
    press(ada, "1")
    assert ada.locator("article").get_attribute("data-kind") == "revealed"
    expect(ada.locator(".claim")).to_contain_text("tagged")
    press(ada, "u" if ada.locator("[data-settlement]").count() else "Enter")
    assert ada.locator("article").get_attribute("data-kind") in {"case", "empty"}
    assert sum(blind for _, _, blind in room.decisions()) == 1
    bob.reload()  # what was judged blind may have been a track of his case
    bob.locator("article h1").wait_for()
    shown = int(bob.locator("article").get_attribute("data-track") or 0)
    title = next(title for title, track in room.tracks.items() if track == shown)
    next(room.root.glob(f"{title}.*")).unlink()
    bob.reload()
    expect(bob.locator(".fault")).to_contain_text("The file is missing")
    press(bob, "a")
    assert [row[:2] for row in room.decisions()][-1] == ("accept", "bob"), "decided without hearing it"


def test_a_blind_question_shows_no_cases_and_what_a_proxy_swallowed_is_kept(
    desk: Callable[..., Desk],
) -> None:
    room = desk(8, sample=4)
    page = room.sit("ada")
    for _ in range(4):
        press(page, "k")
    assert page.locator("article").get_attribute("data-kind") == "blind"
    expect(page.locator("#case-list")).to_contain_text("hidden until you answer")
    expect(page.locator("#filters")).to_be_hidden()
    blind = key_of(page)
    page.keyboard.press("s")
    expect(page.locator("#search")).to_be_visible()
    expect(page.locator("#search input")).to_have_value("s")
    page.keyboard.press("Escape")
    expect(page.locator("#search")).to_be_hidden()
    expect(page.locator('[data-role="title"]')).to_have_text("Names hidden")
    page.keyboard.press("Shift+N")
    expect(page.locator("article > p bdi")).to_contain_text("Artist")
    press(page, "Shift+S")
    first = key_of(page)
    press(page, "s")
    assert len({blind, first, key_of(page)}) == 3, "what was skipped is not asked again at once"
    expect(page.locator("#case-list button").first).to_be_visible()
    refusals: list[dict[str, Any]] = [
        {"status": 502, "body": "<h1>Bad Gateway</h1>"},
        {"status": 401, "json": {"error": "you are not signed in any more; open your link again"}},
    ]
    for refusal in refusals:
        page.route("**/decide", partial(Route.fulfill, **refusal))
        held = key_of(page)
        page.keyboard.press("a")
        again = page.get_by_role("button", name="Try again")
        again.wait_for()
        expect(page.locator("#error")).not_to_contain_text("JSON")
        page.unroute("**/decide")
        page.evaluate("document.querySelector('article').dataset.old = 'yes'")
        again.click()
        page.locator("article:not([data-old])").wait_for()
        assert key_of(page) != held
    assert [row[0] for row in room.decisions()][-2:] == ["accept", "accept"]


def test_dialogs_begin_at_their_title_and_say_what_they_do_not_find(desk: Callable[..., Desk]) -> None:
    room = desk(1)
    page = room.sit("ada", PHONE)
    page.keyboard.press("?")
    assert page.evaluate("document.activeElement.id") == "help-title"
    assert page.evaluate("document.getElementById('help').scrollTop") == 0
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.type("xyzzy")
    expect(page.locator("#search [role=status]")).to_have_text("No matching genre.")
    page.keyboard.press("Escape")
    press(page, "k")
    assert page.locator("article").get_attribute("data-kind") == "empty"
    for key in ("b", " ", "n", "ArrowRight", "c", "1", "a"):
        page.keyboard.press(key)
    page.wait_for_timeout(300)
    assert room.remarks == []


def test_the_page_is_well_in_both_sizes_and_themes(desk: Callable[..., Desk]) -> None:
    room = desk(2)
    with room.database.write() as connection:
        hostile = "<script>window.broken = 1</script><img src=x onerror='window.broken = 1'>" + "W" * 150
        connection.execute(sa.update(t.track).values(title=hostile))
        connection.execute(sa.update(t.artist).values(name=hostile))
    for size in (DESK, PHONE):
        for scheme in ("light", "dark"):
            page = room.sit("ada", size, scheme)
            page.locator(".wave path.inside").wait_for(state="attached")
            assert page.evaluate("window.broken") is None
            assert page.evaluate(NAMELESS) == 0
            for verdict in ("keep", "accept"):
                box = page.locator(f'[data-act="{verdict}"]').bounding_box()
                assert box is not None
                assert box["y"] + box["height"] <= size["height"], "decided without scrolling"
                assert box["height"] >= 44
            color = page.evaluate("getComputedStyle(document.body).backgroundColor")
            assert (sum(map(int, color[4:-1].split(","))) < 3 * 128) == (scheme == "dark")
            assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
            page.keyboard.press("l")
            page.locator("#case-list button").first.wait_for()
            assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
            page.goto(page.url + "progress")
            assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
            page.context.close()
    assert room.remarks == []
