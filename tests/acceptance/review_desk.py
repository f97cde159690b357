"""The review page in a real browser, as reviewers have it before them."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, Page, Request, ViewportSize, expect, sync_playwright

from catalog.db import tables as t
from catalog.db.database import Database, open_database
from catalog.review.audit_sample.audit_sample import draw_sample
from tests.acceptance.doubtful_collection import fill_doubtful

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
DESK: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 360, "height": 740}
NAMELESS = """[...document.querySelectorAll('button, select, input:not([type=hidden])')].filter(
    each => each.checkVisibility() && !(each.textContent.trim() || each.ariaLabel || each.labels?.length)).length"""
"""Controls that a screen reader has no name for."""
PATIENCE = 30_000
"""Milliseconds; a busy machine is slow."""
expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip(f"no browser is installed; any of {', '.join(BROWSERS)} will do")
    with sync_playwright() as playwright:
        # A container without user namespaces has no sandbox; the only page opened is our own.
        browser = playwright.chromium.launch(
            executable_path=found,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--mute-audio"],
        )
        yield browser
        browser.close()


@dataclass
class Desk:
    """A running page of a catalog with doubts."""

    browser: Browser
    database: Database
    tracks: dict[str, int]
    root: Path
    links: dict[str, str]
    remarks: list[str]

    def sit(self, name: str, size: ViewportSize = DESK, scheme: Literal["light", "dark"] = "light") -> Page:
        """The page as somebody has it before them; what the browser complains of is kept."""
        page = self.browser.new_context(viewport=size, color_scheme=scheme).new_page()
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda message: self.remarks.append(message.text))
        page.on("pageerror", lambda error: self.remarks.append(str(error)))
        base = self.links[name].partition("/enter/")[0]

        def note_request(request: Request) -> None:
            if not request.url.startswith(base):
                self.remarks.append(request.url)

        page.on("request", note_request)
        page.goto(self.links[name])
        page.locator("article h1").wait_for()
        return page

    def decisions(self) -> list[tuple[str, str, bool]]:
        """Verdict, reviewer and whether blind, in order."""
        with self.database.read() as connection:
            columns = t.decision.c.verdict, t.decision.c.reviewer, t.decision.c.blind
            return [tuple(row) for row in connection.execute(sa.select(*columns).order_by(t.decision.c.id))]


@pytest.fixture
def desk(browser: Browser, sqlite_template: Path, tmp_path: Path) -> Iterator[Callable[..., Desk]]:
    """A function that starts the page of a catalog with so many cases, for ada and bob."""
    started: list[subprocess.Popen[str]] = []
    opened: list[Database] = []

    def start(cases: int = 20, sample: int = 0) -> Desk:
        home = tmp_path / "home"
        home.mkdir()
        shutil.copy(sqlite_template, home / "catalog.db")
        database = open_database(f"sqlite:///{home / 'catalog.db'}")
        opened.append(database)
        tracks = fill_doubtful(database, tmp_path / "music", cases=cases)
        if sample:
            with database.write() as connection:
                draw_sample(connection, sample, overlap=0)
        program = [sys.executable, "-c", "from catalog.cli.main import main; main()", "--home", str(home)]
        process = subprocess.Popen(
            [*program, "review", "serve", "--port", "0", "--reviewer", "ada", "--reviewer", "bob"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        started.append(process)
        assert process.stdout is not None
        links = dict(process.stdout.readline().strip().split("\t") for _ in range(2))
        return Desk(browser, database, tracks, tmp_path / "music", links, [])

    yield start
    for process in started:
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
        assert process.returncode == 0
        assert "Traceback" not in said, "what was playing is no fault"
    for database in opened:
        database.close()
    for context in browser.contexts:
        context.close()


def key_of(page: Page) -> str:
    return page.locator("article").get_attribute("data-key") or ""


def press(page: Page, key: str) -> None:
    """Presses a key that decides, and waits for what comes next."""
    page.evaluate("document.querySelector('article').dataset.old = 'yes'")
    page.keyboard.press(key)
    page.locator("article:not([data-old])").wait_for()


def choose(page: Page, key: str, typed: str) -> None:
    """Searches the vocabulary and takes the first genre found."""
    page.evaluate("document.querySelector('article').dataset.old = 'yes'")
    page.keyboard.press(key)
    page.keyboard.type(typed)
    page.keyboard.press("Enter")
    page.locator("article:not([data-old])").wait_for()


def until(page: Page, expression: str) -> None:
    """Waits until it is true. Playwright's own waiting evaluates text in the page, which our policy forbids."""
    for _ in range(PATIENCE // 50):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"it never was: {expression}")


def heard(page: Page) -> float:
    """Where the player is, when it has moved on by a quarter of a second."""
    begin = page.evaluate("document.getElementById('audio').currentTime")
    until(page, f"document.getElementById('audio').currentTime > {begin} + 0.25")
    return float(page.evaluate("document.getElementById('audio').currentTime"))


def decide_one_of_three(page: Page) -> None:
    """Decides on one track of a case of three, and takes it back."""
    held, before = key_of(page), page.locator("article").get_attribute("data-track")
    press(page, "ArrowDown")
    assert page.locator("article").get_attribute("data-track") != before
    page.keyboard.press("c")
    page.keyboard.press("c")
    expect(page.locator("#status")).to_contain_text("this track")
    press(page, "a")
    assert key_of(page) == held, "two tracks of the case are left"
    press(page, "z")
    expect(page.locator("#status")).to_contain_text("Undone: accept of 1 track")
