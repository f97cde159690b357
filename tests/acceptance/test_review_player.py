"""The player and the buttons of the review page in a real browser, and two tabs of one reviewer."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa
from playwright.sync_api import expect

from catalog.audit.reasons import neighbors_reason
from catalog.db import tables as t
from tests.acceptance.review_desk import Desk, browser, desk, heard, key_of, press

__all__ = ["browser", "desk"]


def test_what_plays_is_what_the_panel_names(desk: Callable[..., Desk]) -> None:
    room = desk(3)
    with room.database.write() as connection:
        own, other = (room.tracks[f"Artist {number:02} song 0"] for number in (0, 1))
        (reasons,) = connection.execute(
            sa.select(t.suspect.c.reasons).where(t.suspect.c.track_id == own)
        ).one()
        near = neighbors_reason(reasons[0]["genre_id"], [other], [other])
        connection.execute(
            sa.update(t.suspect).where(t.suspect.c.track_id == own).values(reasons=[*reasons, near])
        )
    page = room.sit("ada")
    heard(page)
    title = page.locator('[data-role="title"]')
    before = title.inner_text()
    page.keyboard.press("n")
    expect(title).to_have_text("Artist 01 song 0")
    expect(page.locator('[data-role="facts"]')).to_contain_text("tagged")
    expect(page.locator(".player")).to_have_class("player is-other-track")
    heard(page)
    expect(page.locator(".small-play")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name=f"Back to {before}").click()
    expect(title).to_have_text(before)
    assert room.remarks == []


def test_two_tabs_of_one_reviewer_leave_what_the_other_decided(desk: Callable[..., Desk]) -> None:
    room = desk(3)
    page = room.sit("ada")
    tab = page.context.new_page()
    tab.goto(page.url)
    tab.locator("article h1").wait_for()
    held = key_of(page)
    assert key_of(tab) == held
    press(page, "k")
    expect(tab.locator("#status")).to_contain_text("another tab")
    assert key_of(tab) != held
    assert len(room.decisions()) == 1 or {row[0] for row in room.decisions()} == {"keep"}


def test_a_browser_that_plays_nothing_still_shows_and_decides(desk: Callable[..., Desk]) -> None:
    room = desk(2)
    page = room.sit("ada")
    page.add_init_script("HTMLMediaElement.prototype.canPlayType = () => ''")
    page.reload()
    page.locator("article h1").wait_for()
    expect(page.locator(".fault")).to_contain_text("This browser cannot play the file")
    page.locator(".wave path").first.wait_for(state="attached")
    press(page, "k")
    assert {row[0] for row in room.decisions()} == {"keep"}


def test_the_scope_changes_the_number_on_the_buttons(desk: Callable[..., Desk]) -> None:
    page = desk(2).sit("ada")
    keep = page.locator('[data-act="keep"]')
    expect(keep).to_contain_text("tracks")
    page.keyboard.press("c")
    page.keyboard.press("c")
    expect(page.locator("#status")).to_contain_text("Decide for")
    numbers = {page.locator(".scope input:checked").get_attribute("data-tracks")}
    expect(keep).to_contain_text(f"for {numbers.pop()} track")
