"""The report as people see it: in a real browser, on a desk and on a phone, by day and by night."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, Page, Request, ViewportSize, sync_playwright

from catalog.db import tables as t
from catalog.db.database import Database, open_database
from catalog.db.derived.track_status import refresh_track_status
from catalog.report.html_report import write_report
from catalog.report.model_card import write_report_folder
from catalog.review.audit_sample.audit_sample import draw_sample, judge_blind, next_sample_track
from catalog.review.decision import case_suspects, decide
from tests.integration.report.filled import fill

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
DESK: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 360, "height": 740}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip(f"no browser is installed; any of {', '.join(BROWSERS)} will do")
    with sync_playwright() as playwright:
        # A container without user namespaces has no sandbox; the only page opened is our own.
        browser = playwright.chromium.launch(
            executable_path=found, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def report(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    shutil.copy(sqlite_template, folder / "catalog.db")
    database = open_database(f"sqlite:///{folder / 'catalog.db'}")
    try:
        fill(database)
        write_report_folder(database, folder / "report")
        return write_report(database, folder / "report" / "index.html", name="Music")
    finally:
        database.close()


@pytest.fixture(scope="module")
def crowded(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with names as long as they may be, an audit sample, and more people than are named."""
    folder = tmp_path_factory.mktemp("crowded")
    shutil.copy(sqlite_template, folder / "catalog.db")
    database = open_database(f"sqlite:///{folder / 'catalog.db'}")
    try:
        fill(database)
        crowd(database)
        return write_report(database, folder / "index.html", name=", ".join([LONG] * 3))
    finally:
        database.close()


LONG = "Hochschulbibliotheks-Schallplattenarchiv der Landesmusikakademie, Sammlung der Rundfunkmitschnitte und Nachlässe"  # noqa: E501


def crowd(database: Database) -> None:
    with database.write() as connection:
        connection.execute(sa.update(t.artist).values(name=t.artist.c.name + " " + LONG))
        connection.execute(sa.update(t.genre).values(name=t.genre.c.name + " " + LONG))
        keys = connection.execute(sa.select(t.review_case.c.case_id).order_by(t.review_case.c.id).limit(8))
        for number, key in enumerate(keys.scalars().all()):
            decide(connection, case_suspects(connection, key), "accept", f"{number} {LONG}"[:60])
        draw_sample(connection, 40)
        for _ in range(25):
            blind = next_sample_track(connection, LONG[:60])
            assert blind is not None
            judge_blind(connection, blind.track_id, LONG[:60], genre_id=1)
        refresh_track_status(connection)


def opened(
    browser: Browser, report: Path, size: ViewportSize, scheme: Literal["light", "dark"]
) -> tuple[Page, list[str]]:
    """The page, and everything that the browser complained of or asked the network for."""
    page = browser.new_context(viewport=size, color_scheme=scheme).new_page()
    remarks: list[str] = []
    page.on("console", lambda message: remarks.append(message.text))
    page.on("pageerror", lambda error: remarks.append(str(error)))

    def note_request(request: Request) -> None:
        if not request.url.startswith(("file:", "data:")):
            remarks.append(request.url)

    page.on("request", note_request)
    page.goto(report.as_uri())
    return page, remarks


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_the_page_is_well(
    browser: Browser, report: Path, size: ViewportSize, scheme: Literal["light", "dark"]
):
    page, remarks = opened(browser, report, size, scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    assert remarks == []


def test_a_printed_page_is_wide_enough_and_light(browser: Browser, report: Path):
    page, _ = opened(browser, report, {"width": 703, "height": 1000}, "dark")
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("document.documentElement.scrollWidth") <= 703
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


A4_WITHIN_MARGINS: ViewportSize = {"width": 695, "height": 1024}
"""In CSS pixels of 1/96 inch, margins of 13 mm."""


def pages(document: bytes) -> int:
    """How many pages a PDF by Chromium has; it leaves the objects of pages uncompressed."""
    return len(re.findall(rb"/Type\s*/Page\b(?!s)", document))


def test_the_first_page_is_a_sheet_of_its_own(browser: Browser, report: Path):
    page, _ = opened(browser, report, DESK, "light")
    whole = pages(page.pdf(format="A4", print_background=True))
    page.evaluate("document.querySelector('.first-page').remove()")
    rest = pages(page.pdf(format="A4", print_background=True))
    assert whole == rest + 1, "what follows begins on a page of its own"
    page, _ = opened(browser, report, DESK, "light")
    page.evaluate("document.querySelectorAll('main, footer').forEach(part => part.remove())")
    for sheet in ("A4", "Letter"):
        assert pages(page.pdf(format=sheet, print_background=True)) == 1


MARK_HEADINGS = """document.querySelectorAll('.section-head').forEach((head, number) => {
    head.querySelector('h2').textContent = `head ${number}`;
    const mark = document.createElement('h3');
    mark.textContent = `body ${number}`;
    mark.style = 'font-size: 8pt; margin: 0';
    const body = head.nextElementSibling;
    (body.querySelector('.panel, .case, li') ?? body).prepend(mark);
})"""


def test_no_heading_on_paper_is_parted_from_what_it_is_of(browser: Browser, report: Path):
    page, _ = opened(browser, report, DESK, "light")
    page.evaluate(MARK_HEADINGS)
    document = page.pdf(format="A4", print_background=True, tagged=True, outline=True)
    # Chromium lists headings as bookmarks, uncompressed, each with the object of its page.
    bookmark = re.compile(rb"/Title \(((?:head|body) \d+)\)\s*/Dest \[(\d+) 0 R")
    places = dict(bookmark.findall(document))
    heads = [title for title in places if title.startswith(b"head")]
    assert len(heads) >= 8
    assert [head for head in heads if places[head] != places[head.replace(b"head", b"body")]] == []


def test_the_longest_names_fit_the_first_page(browser: Browser, crowded: Path):
    page, _ = opened(browser, crowded, A4_WITHIN_MARGINS, "light")
    page.emulate_media(media="print")
    assert page.evaluate("document.documentElement.scrollWidth") <= A4_WITHIN_MARGINS["width"]
    assert page.locator(".reviewers tbody tr").count() == 4
    page.evaluate("document.querySelectorAll('main, footer').forEach(part => part.remove())")
    assert pages(page.pdf(format="A4", print_background=True)) == 1


def test_the_first_screen_has_the_main_numbers(browser: Browser, report: Path):
    page, _ = opened(browser, report, DESK, "light")
    for tile, figure in (("tracks", "344"), ("tagged", "87\u00a0%"), ("corrected", "0")):
        locator = page.locator(f"#tile-{tile} .figure")
        assert locator.inner_text() == figure
        box = locator.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] < DESK["height"]
    assert page.locator("#tile-wrong .label").inner_text() == "Flagged tags"
    assert "4 files could not be analyzed" in page.locator("#tile-tracks").inner_text()
    assert "The Paper Lanterns" in page.locator(".lede").inner_text()


def test_night_is_dark(browser: Browser, report: Path):
    is_dark_by_scheme: dict[Literal["light", "dark"], bool] = {"light": False, "dark": True}
    for scheme, is_dark in is_dark_by_scheme.items():
        page, _ = opened(browser, report, DESK, scheme)
        color = page.evaluate("getComputedStyle(document.body).backgroundColor")
        channels = [int(part) for part in color.removeprefix("rgb(").removesuffix(")").split(",")]
        assert (sum(channels) < 3 * 128) == is_dark


def test_the_map_shows_one_genre_at_a_time(browser: Browser, report: Path):
    page, _ = opened(browser, report, DESK, "light")
    assert page.locator(".map circle").count() == 340
    page.locator("label", has=page.locator("#map-suspects")).click()
    page.wait_for_timeout(300)
    faint = page.evaluate(
        "[...document.querySelectorAll('.map circle')].filter(dot => getComputedStyle(dot).opacity < 0.5).length"
    )
    assert faint == 340 - page.locator(".map circle.s").count()


NARROW_VALUES = (
    """[...document.querySelectorAll('.facts dd')].filter(value => value.clientWidth < 150).length"""
)


@pytest.mark.parametrize("width", [320, 360, 768, 1024, 1280, 1920])
def test_the_model_card_is_readable_at_every_width(browser: Browser, report: Path, width: int):
    page, remarks = opened(
        browser, report.with_name("model-1.html"), {"width": width, "height": 800}, "light"
    )
    assert page.locator(".facts dd").count() > 5
    assert page.evaluate(NARROW_VALUES) == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert remarks == []


def test_a_flagged_broader_prediction_has_its_own_color(browser: Browser, report: Path):
    page, _ = opened(browser, report, DESK, "light")
    metal = page.locator(".bars > li", has=page.locator("bdi.genre", has_text=re.compile("^Metal$")))
    colors = [
        metal.locator(f"i.{kind}").evaluate("bar => getComputedStyle(bar).backgroundColor")
        for kind in ("same", "near-flagged")
    ]
    key = page.locator(".key").first
    assert colors[0] != colors[1]
    assert (
        key.locator("i.near-flagged").evaluate("mark => getComputedStyle(mark).backgroundColor") == colors[1]
    )
    assert re.fullmatch(r"\d+ flagged", page.locator(".heat td.flagged").first.get_attribute("title") or "")
