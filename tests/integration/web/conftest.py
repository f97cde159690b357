"""The review page of a catalog with doubts whose files are real sound, asked as a browser asks."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from catalog.db import tables as t
from catalog.db.database import Database
from catalog.web.app import make_app
from catalog.web.app_state import AppState, open_app_state
from catalog.web.auth import Auth, TrustedHeader, make_links
from catalog.web.server_address import Address
from tests.integration.review.conftest import Doubted, doubted
from tests.integration.workers.sound import write_sound

with warnings.catch_warnings():
    # It would rather have httpx2, which is not among our dependencies.
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

__all__ = ["doubted"]

BASE = "http://127.0.0.1:8765"
SECONDS = 2.0


@dataclass
class Page:
    """A running page and what it is about."""

    state: AppState
    client: TestClient
    links: dict[str, str]
    doubted: Doubted
    root: Path

    def enter(self, name: str) -> None:
        """Comes in as somebody."""
        self.client.cookies.clear()
        assert self.client.get(f"/enter/{self.links[name]}").status_code == 200

    def send(self, path: str, **data: Any) -> Any:
        """What the page's own script would send."""
        return self.client.post(path, json=data, headers={"origin": BASE})

    def decide(self, verdict: str, case_id: str, title: str, scope: str = "artist", **more: Any) -> Any:
        """A verdict on a case, of which a track is shown."""
        track = self.doubted.tracks[title]
        return self.send("/decide", verdict=verdict, case_id=case_id, track_id=track, scope=scope, **more)

    def tags(self, title: str) -> str | None:
        """The genres that count for a track."""
        with self.state.database.read() as connection:
            found: str | None = connection.execute(
                sa.select(t.track_status.c.tagged_genres).where(
                    t.track_status.c.track_id == self.doubted.tracks[title]
                )
            ).scalar_one()
            return found


def put_sound(database: Database, doubted: Doubted, root: Path) -> None:
    """Gives every track a file of its own, two seconds long."""
    root.mkdir()
    with database.write() as connection:
        connection.execute(sa.update(t.collection).values(root=str(root), root_bytes=str(root).encode()))
        for number, (title, track) in enumerate(doubted.tracks.items()):
            write_sound(root / f"{title}.wav", seconds=SECONDS, pitch=200 + 40 * number)
            connection.execute(
                sa.update(t.track)
                .where(t.track.c.id == track)
                .values(
                    path=f"{title}.wav",
                    path_bytes=f"{title}.wav".encode(),
                    codec="pcm_s16le",
                    duration=SECONDS,
                )
            )


@pytest.fixture
def page(database: Database, doubted: Doubted, tmp_path: Path) -> Iterator[Page]:
    """The page with two reviewers, ada being in."""
    root = tmp_path / "music"
    put_sound(database, doubted, root)
    with database.write() as connection:
        links = make_links(connection, ["ada", "bob"])
    links["eve"] = "token-of-eve"
    header = TrustedHeader("X-Remote-User", frozenset({"testclient"}))
    auth = Auth(links, viewers=["eve"], header=header)
    state = open_app_state(database, Address("127.0.0.1", 8765), auth)
    with TestClient(make_app(state), base_url=BASE) as client:
        page = Page(state, client, links, doubted, root)
        page.enter("ada")
        yield page
