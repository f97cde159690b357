"""`review serve` as a process: a link, a port, and how it ends."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.integration.cli.conftest import Invoke

Serve = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def serve(sqlite_template: Path, tmp_path: Path) -> Iterator[Serve]:
    """A function that starts the page of a fresh catalog on a free port; what it started is ended."""
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(sqlite_template, home / "catalog.db")
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", "from catalog.cli.main import main; main()", "--home", str(home)]
        process = subprocess.Popen(
            [*command, "review", "serve", "--port", "0", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1", "LOGNAME": "ada"},
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_it_prints_a_link_and_ends_at_ctrl_c(serve: Serve) -> None:
    page = serve()
    assert page.stdout is not None
    link = page.stdout.readline().strip()
    assert "/enter/" in link
    with httpx.Client() as browser:
        entered = browser.get(link)
        assert entered.status_code == 200
        assert "Welcome" in entered.text
        assert "server" not in entered.headers
        base = link.partition("/enter/")[0]
        start = browser.get(base, headers={"accept": "text/html"})
        assert "ada" in start.text
        asked = browser.post(f"{base}/next", json={}, headers={"origin": base})
        assert "No audit yet" in asked.json()["html"]
    page.send_signal(signal.SIGINT)
    out, err = page.communicate(timeout=20)
    assert (page.returncode, out) == (0, "")
    assert err.splitlines()[-1] == "stopped; all decisions are stored"
    assert "Traceback" not in err


def test_the_browser_is_not_told_the_link_itself(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = tmp_path / "told"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > {told}.part && mv {told}.part {told}\n')
    browser.chmod(0o700)
    monkeypatch.setenv("BROWSER", str(browser))
    page = serve("--open")
    assert page.stdout is not None
    link = page.stdout.readline().strip()
    deadline = time.monotonic() + 30
    while not told.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    given = told.read_text()
    assert given.startswith(link.partition("/enter/")[0] + "/enter/")
    assert given != link
    with httpx.Client() as visitor:
        assert visitor.get(given).status_code == 200
        assert visitor.get(given.partition("/enter/")[0]).status_code == 200
    assert httpx.get(given).status_code == 401
    assert httpx.get(link).status_code == 200


@pytest.fixture
def starting(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page starts and is stopped at once."""
    monkeypatch.setattr("catalog.web.server.serve", lambda _site, _socket, *, on_start: on_start())


def test_a_link_for_every_reviewer(invoke: Invoke, starting: None) -> None:
    named = ("--reviewer", "Ada", "--reviewer", "Bob")
    first = invoke("review", "serve", "--port", "0", *named, "--url", "https://review.example.org")
    rows = [line.split("\t") for line in first.out.splitlines()]
    assert [name for name, _ in rows] == ["Ada", "Bob"]
    assert all(link.startswith("https://review.example.org/enter/") for _, link in rows)
    everybody = invoke("review", "serve", "--port", "0")
    assert [line.split("\t")[0] for line in everybody.out.splitlines()] == ["Ada", "Bob"]
    assert not set(everybody.out.split()) & {link for _, link in rows}, "links are of one run"
    invoke("review", "reviewers", "revoke", "Bob")
    assert invoke("review", "serve", "--port", "0").out.startswith("http://127.0.0.1:")
    refused = invoke("review", "serve", "--port", "0", "--reviewer", "Bob")
    assert (refused.code, refused.err.count("\n")) == (1, 1)
    assert "was revoked" in refused.err


def test_others_who_can_reach_it_are_warned_of(invoke: Invoke, starting: None) -> None:
    assert (
        "is reachable from other hosts" in invoke("review", "serve", "--port", "0", "--host", "0.0.0.0").err
    )
    assert "is reachable from other hosts" not in invoke("review", "serve", "--port", "0").err


def test_what_cannot_be_is_one_line(invoke: Invoke) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = invoke("review", "serve", "--port", port)
    words = f"catalog: port {port} is in use: is catalog review serve already running? If not, choose another --port\n"
    assert (refused.code, refused.out, refused.err) == (1, "", words)
    for arguments in (("--host", "192.0.2.1"), ("--url", "review.example.org")):
        refused = invoke("review", "serve", "--port", "0", *arguments)
        assert (refused.code, refused.out, refused.err.count("\n")) == (1, "", 1)
