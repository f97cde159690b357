"""Who may come in, what other pages may not send, and what no address gives out."""

from __future__ import annotations

import json
import os
from typing import Any
from urllib.parse import quote

import pytest
import sqlalchemy as sa

from catalog.db import tables as t
from catalog.review.reviewer import add_reviewer, revoke_reviewer
from catalog.web.auth import TrustedHeader
from tests.integration.web.conftest import BASE, Page

READ = ["/", "/progress", "/cases", "/genres?q=ro", "/tracks/1/sound", "/tracks/1/audio", "/tracks/1/peaks",
        "/tracks/1/recording.mp3", "/tracks/1/spectrogram.png"]  # fmt: skip
SENT = [
    "/next",
    "/open",
    "/decide",
    "/judge",
    "/settle",
    "/names",
    "/keep-artist",
    "/open-track",
    "/decide-track",
    "/upcoming",
    "/undo",
    "/hold",
]


def test_nothing_is_open_without_a_link(page: Page) -> None:
    page.client.cookies.clear()
    for path in READ:
        assert page.client.get(path).status_code == 401, path
    for path in SENT:
        assert page.send(path).status_code == 401, path
    told = page.client.get("/", headers={"accept": "text/html"})
    assert "catalog review serve" in told.text
    assert page.client.get("/enter/guessed").status_code == 401
    page.client.cookies.set(page.state.address.cookie, "guessed")
    assert page.client.get("/").status_code == 401


def test_the_cookie_stays_with_the_browser_and_the_site(page: Page) -> None:
    page.client.cookies.clear()
    cookie = page.client.get(f"/enter/{page.links['ada']}").headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "path=/" in cookie


def test_a_lasting_link_works_until_it_is_revoked(page: Page) -> None:
    with page.state.database.write() as connection:
        lasting = add_reviewer(connection, "cleo")
    page.client.cookies.clear()
    assert "cleo" in page.client.get(f"/enter/{lasting}").text
    assert page.client.get("/cases").status_code == 200
    with page.state.database.write() as connection:
        revoke_reviewer(connection, "cleo")
    assert page.client.get("/cases").status_code == 401
    page.enter("bob")
    with page.state.database.write() as connection:
        revoke_reviewer(connection, "bob")
    assert page.client.get("/cases").status_code == 401


def test_an_invitation_opens_once_and_is_not_the_link(page: Page) -> None:
    page.client.cookies.clear()
    invitation = page.state.auth.invite("ada")
    assert invitation not in page.links.values()
    page.client.cookies.set(page.state.address.cookie, invitation)
    assert page.client.get("/cases").status_code == 401
    page.client.cookies.clear()
    assert "ada" in page.client.get(f"/enter/{invitation}").text
    assert page.client.get("/cases").status_code == 200
    page.client.cookies.clear()
    assert page.client.get(f"/enter/{invitation}").status_code == 401
    assert page.client.get("/cases").status_code == 401


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1:9999", "127.0.0.1.evil.example:8765", "", "a@127.0.0.1:8765"]
)
def test_another_name_for_this_machine_is_refused(page: Page, host: str) -> None:
    for path in ("/", "/static/review.js", f"/enter/{page.links['ada']}"):
        assert page.client.get(path, headers={"host": host}).status_code == 421


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9999"},
        {"origin": BASE, "sec-fetch-site": "cross-site"},
        {"origin": BASE, "content-type": "text/plain"},
        {"origin": BASE, "content-type": "application/x-www-form-urlencoded"},
    ],
)
def test_what_another_page_sends_changes_nothing(page: Page, headers: dict[str, str]) -> None:
    body = {
        "case_id": "red",
        "verdict": "accept",
        "scope": "artist",
        "track_id": page.doubted.tracks["Red 1"],
    }
    answer = page.client.post("/decide", json=body, headers=headers)
    assert answer.status_code in {403, 415}
    assert page.tags("Red 1") == "Metal"


def test_every_answer_tells_the_browser_what_it_may(page: Page) -> None:
    for path in [*READ, "/static/review.js", "/static/../app.py", "/nowhere", f"/enter/{page.links['ada']}"]:
        headers = page.client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
    assert page.client.get("/").headers["cache-control"] == "no-store"
    refused = page.client.get("/", headers={"host": "evil.example"})
    assert "content-security-policy" in refused.headers


def test_only_static_files_are_static(page: Page) -> None:
    assert page.client.get("/static/review.css").status_code == 200
    for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/static//etc/passwd", "/static/..%2fapp.py"):
        assert page.client.get(path).status_code == 404


def move(page: Page, title: str, path: bytes) -> str:
    """Says of a track that its file is called otherwise; gives the address of its sound."""
    with page.state.database.write() as connection:
        connection.execute(
            sa.update(t.track)
            .where(t.track.c.id == page.doubted.tracks[title])
            .values(path_bytes=path, path=path.decode(errors="replace"))
        )
    return f"/tracks/{page.doubted.tracks[title]}"


@pytest.mark.parametrize(
    "path", [b"../../../../../../etc/passwd", b"/etc/passwd", b"..", b"", b"sub/../../outside.wav"]
)
def test_a_path_out_of_the_root_is_refused(page: Page, path: bytes) -> None:
    (page.root.parent / "outside.wav").write_bytes((page.root / "Red 1.wav").read_bytes())
    (page.root / "sub").mkdir()
    address = move(page, "Red 1", path)
    for kind in ("audio", "audio", "recording.mp3", "peaks", "spectrogram.png"):
        answer = page.client.get(f"{address}/{kind}")
        assert answer.status_code == 404
        assert "outside the collection" in answer.json()["error"]
        assert "passwd" not in answer.text


def test_a_link_that_leaves_the_root_is_refused_and_one_inside_is_followed(page: Page) -> None:
    outside = page.root.parent / "outside"
    outside.mkdir()
    (page.root / "Red 1.wav").rename(outside / "Red 1.wav")
    (page.root / "Red 1.wav").symlink_to(outside / "Red 1.wav")
    (page.root / "away").symlink_to(outside)
    (page.root / "inside.wav").symlink_to(page.root / "Red 2.wav")
    for path in (b"Red 1.wav", b"away/Red 1.wav"):
        answer = page.client.get(f"{move(page, 'Red 1', path)}/audio")
        assert (answer.status_code, b"RIFF" in answer.content) == (404, False)
    assert page.client.get(f"{move(page, 'Red 1', b'inside.wav')}/audio").content.startswith(b"RIFF")


def test_what_is_no_file_is_not_opened(page: Page) -> None:
    os.mkfifo(page.root / "pipe.wav")
    answer = page.client.get(f"{move(page, 'Red 1', b'pipe.wav')}/audio")
    assert answer.json()["error"] == "not a regular file"
    assert page.client.get(f"/tracks/{2**70}/audio").status_code == 404
    assert page.client.get("/tracks/-1/audio").status_code == 404


def test_titles_and_names_are_data(page: Page) -> None:
    bad = '<script>alert(1)</script><img src=x onerror=alert(1)>" onfocus="alert(1)'
    with page.state.database.write() as connection:
        connection.execute(sa.update(t.track).values(title=bad, path=f"../{bad}"))
        connection.execute(sa.update(t.artist).values(name=bad))
        connection.execute(sa.update(t.album).values(title=bad))
        connection.execute(sa.update(t.collection).values(name=bad))
    answers = [
        page.send("/next").json()["html"],
        page.client.get("/cases").json()["html"],
        page.client.get("/").text,
    ]
    for html in answers:
        assert bad.split(">", maxsplit=1)[0][1:] in html
        for hostile in ("<script>alert", "<img src=x", '" onfocus="'):
            assert hostile not in html


def test_what_is_sent_wrongly_is_said_in_one_line(page: Page) -> None:
    for path, body in (
        ("/decide", {}),
        ("/decide", {"case_id": "red", "verdict": "burn", "scope": "artist", "track_id": 1}),
        ("/decide", {"case_id": "red", "verdict": "keep", "scope": "world", "track_id": 1}),
        ("/decide", {"case_id": "red", "verdict": "keep", "scope": "track", "track_id": "1"}),
        ("/decide", {"case_id": "red", "verdict": "keep", "scope": "track", "track_id": 2**64}),
        ("/decide", {"case_id": "red", "verdict": "keep", "scope": "track", "track_id": True}),
        ("/judge", {"track_id": 1, "genre_id": 10**9}),
        ("/open", {"case_id": "x" * 1000}),
        ("/hold", {"key": 5}),
    ):
        answer = page.send(path, **body)
        assert answer.status_code == 400, (path, body)
        assert "\n" not in answer.json()["error"]
    for content in (b"", b"[]", b"{", b"\xff"):
        sent = {"origin": BASE, "content-type": "application/json"}
        assert page.client.post("/next", content=content, headers=sent).status_code == 400
    assert page.send("/open", case_id="nix").status_code == 409
    assert page.send("/decide", case_id="nix", verdict="keep", scope="track", track_id=1).status_code == 409
    large = {"origin": BASE, "content-type": "application/json"}
    assert page.client.post("/next", content=b" " * (2**20 + 1), headers=large).status_code == 413


@pytest.mark.parametrize("text", ["\x00", "red\x00", "\ud800", "sample:\u0661", "sample:" + 30 * "9"])
def test_text_that_no_database_holds_is_nobodys_name(page: Page, text: str) -> None:
    track = page.doubted.tracks["Red 1"]
    sent: list[tuple[str, dict[str, Any]]] = [
        ("/next", {"after": text, "behind": [text, 5]}),
        ("/next", {"filters": {"pair": text, "collection": text, "reviewer": text}}),
        ("/open", {"case_id": text}),
        ("/hold", {"key": text}),
        ("/redo", {"key": text}),
        ("/decide", {"case_id": text, "track_id": track, "verdict": "keep", "scope": "track"}),
        ("/decide", {"case_id": "red", "track_id": track, "verdict": text, "scope": "track"}),
        ("/judge", {"track_id": track, "verdict": text}),
    ]
    for path, body in sent:
        headers = {"origin": BASE, "content-type": "application/json"}
        answer = page.client.post(path, content=json.dumps(body), headers=headers)
        assert answer.status_code in {200, 400, 409}, (path, body)
    asked = quote(text.encode("utf-8", "surrogatepass"))
    for path in (f"/cases?pair={asked}&reviewer={asked}&page={asked}", f"/genres?q={asked}"):
        assert page.client.get(path).status_code == 200, path
    assert page.client.get(f"/enter/{asked}").status_code == 401


def test_prometheus_needs_no_link_and_is_told_no_name(page: Page) -> None:
    page.client.cookies.clear()
    answer = page.client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert "catalog_database_up 1.0" in answer.text
    present = f'catalog_tracks{{state="present"}} {len(page.doubted.tracks)}.0'
    assert present in answer.text
    for title in page.doubted.tracks:
        assert title not in answer.text
    assert page.client.get("/metrics", headers={"host": "evil.example"}).status_code == 421
    assert page.client.post("/metrics", json={}, headers={"origin": BASE}).status_code == 405


def test_health_needs_no_link_and_readiness_needs_the_database(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    page.client.cookies.clear()
    health, ready = page.client.get("/healthz"), page.client.get("/readyz")
    assert (health.status_code, health.text) == (200, "ok\n")
    assert (ready.status_code, ready.text) == (200, "database: ok\n")
    monkeypatch.setattr("catalog.web.app.is_database_reachable", lambda _database: False)
    ready = page.client.get("/readyz")
    assert (ready.status_code, ready.text) == (503, "database: does not answer\n")
    assert page.client.get("/healthz").status_code == 200, "the process runs"


def test_a_viewer_reads_and_decides_nothing(page: Page) -> None:
    page.enter("eve")
    html = page.send("/next").json()["html"]
    assert "Read only" in html
    assert 'data-act="keep"' not in html
    assert page.send("/open", case_id="red").status_code == 200
    for path in ("/decide", "/keep-artist", "/judge", "/settle", "/names", "/decide-track", "/undo", "/redo"):
        refused = page.send(path)
        assert (refused.status_code, refused.json()["error"]) == (403, "your link does not allow decisions")
    page.enter("ada")
    assert page.send("/open", case_id="red").status_code == 200, "a viewer holds no case"
    assert 'data-act="keep"' in page.send("/next").json()["html"]


def test_a_trusted_proxy_names_the_person(page: Page) -> None:
    page.client.cookies.clear()

    def next_as(name: str) -> Any:
        return page.client.post("/next", json={}, headers={"origin": BASE, "X-Remote-User": name})

    assert 'data-act="keep"' in next_as("ada").json()["html"]
    assert "Read only" in next_as("carl").json()["html"]
    assert next_as("").status_code == 401
    page.state.auth._header = TrustedHeader("X-Remote-User", frozenset({"10.0.0.1"}))
    assert next_as("ada").status_code == 401, "anyone could send the header from elsewhere"
