from __future__ import annotations

import os
from html.parser import HTMLParser
from pathlib import Path

import pytest
import sqlalchemy as sa

from catalog.audit.reasons import prediction_reason
from catalog.db import tables as t
from catalog.db.database import Database
from catalog.db.derived.track_status import refresh_track_status
from catalog.learning.scoring.model_metrics import GenreScore
from catalog.report.html_report import EXAMPLE_QUERIES, ReportWriteError, render_report, write_report
from catalog.report.report_data import read_report_data
from tests.integration.report.filled import (
    add_artist,
    add_audit,
    add_case,
    add_collection,
    add_failure,
    add_model,
    add_recipe,
    add_support,
    add_track,
    add_vector,
    genre_id,
    predict,
    say,
)
from tests.sample_metrics import stored_metrics

VOID = {"meta", "link", "br", "input", "col"}
HOSTILE = (
    "<script>alert(1)</script>",
    "</title><img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)',
    "{{ 7 * 7 }}{% raw %}",
    "x" * 10_000,
    "مرحبا بالعالم \u202eتسجيل",
    "bell\x07 escape\x1b[31m end",
    "]]>&amp;<!--",
    "a\u0301" * 3_000,
)


class Page(HTMLParser):
    """What a page is made of; fails on tags that are not closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)
        self.links += [value or "" for name, value in attrs if name in {"src", "href"}]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def written(database: Database, folder: Path, name: str = "Music") -> Page:
    return Page(write_report(database, folder / "index.html", name=name).read_text(encoding="utf-8"))


def test_the_page_of_a_filled_catalog(filled: Database, tmp_path: Path):
    path = write_report(filled, tmp_path / "new" / "folder" / "index.html", name="Music")
    page = Page(path.read_text(encoding="utf-8"))
    assert "The Paper Lanterns : 14 tracks tagged Metal, predicted Rock" in page.text
    assert "30 of 44 have a suggestion" in page.text
    assert "Files are only read" in page.text
    assert "not a class" in page.text
    assert "script" not in page.tags
    assert all(link.startswith(("#", "data:")) for link in page.links)
    assert [entry.name for entry in path.parent.iterdir()] == ["index.html"]


def test_the_page_of_an_empty_catalog(database: Database, tmp_path: Path):
    page = written(database, tmp_path)
    assert "The catalog has no tracks yet" in page.text
    assert "There is no model yet" in page.text


def test_the_page_without_a_model_shows_what_the_tags_say(database: Database, tmp_path: Path):
    with database.write() as connection:
        collection = add_collection(connection)
        for number in range(12):
            track = add_track(connection, collection, artist=None, title="x", path=f"{number}.mp3")
            say(connection, track, genre_id(connection, "Rock" if number else "Jazz"))
        refresh_track_status(connection)
    page = written(database, tmp_path)
    assert "No file was analyzed yet" in page.text
    assert "There is no model yet, so there are no predictions" in page.text
    assert "11 tracks" in page.text


def test_the_page_of_a_zero_shot_model(database: Database, tmp_path: Path):
    with database.write() as connection:
        collection, recipe = add_collection(connection), add_recipe(connection, 3)
        rock, jazz = genre_id(connection, "Rock"), genre_id(connection, "Jazz")
        model = add_model(connection, [rock, jazz], metrics={}, zero_shot=True)
        for number in range(8):
            track = add_track(connection, collection, artist=None, title="x", path=f"{number}.mp3")
            add_vector(connection, recipe, track, [number, 1, 2])
            predict(connection, model, track, rock, suggested=rock if number else None, by="zero_shot")
        add_audit(connection, model)
        refresh_track_status(connection)
    page = written(database, tmp_path)
    assert "zero-shot" in page.text
    assert "7 of 8 have a suggestion" in page.text
    assert "out of fold" not in page.text
    # Nothing was judged: that must not read as if all were well.
    assert "No tag was checked" in page.text
    assert "No tag is flagged" not in page.text


def test_hostile_names_stay_text(database: Database, tmp_path: Path):
    hostile = HOSTILE
    with database.write() as connection:
        collection, recipe = add_collection(connection, hostile[0]), add_recipe(connection, 3)
        genres = [genre_id(connection, name[:2000]) for name in hostile]
        model = add_model(
            connection, genres, metrics=stored_metrics(per_class=[GenreScore(hostile[0], 1, 0.5, 0.5, 0.5)])
        )
        audit = add_audit(connection, model)
        for at, (name, genre) in enumerate(zip(hostile, genres, strict=True)):
            artist = add_artist(connection, name)
            other = genres[(at + 1) % len(genres)]
            add_support(
                connection,
                model,
                genre,
                tracks=2,
                artists=1,
                counts_for=genre if at % 2 else None,
                reason=name,
            )
            tagged = add_track(connection, collection, artist=artist, title=name, path=f"{name[:900]}{at}")
            untagged = add_track(connection, collection, artist=artist, title=name, path=f"{name[:900]}{at}u")
            say(connection, tagged, genre)
            for track in (tagged, untagged):
                predict(connection, model, track, other, suggested=other)
                add_vector(connection, recipe, track, [at, track, 1])
            add_case(
                connection,
                audit,
                {tagged: 0.9},
                tagged=genre,
                suggested=other,
                artist=artist,
                reasons=[prediction_reason(other, 0.8, genre, 0.1)],
            )
            add_failure(connection, tagged, f"{name[:50]}{at}", name)
        refresh_track_status(connection)
    page = written(database, tmp_path, name=hostile[0])
    assert page.tags.isdisjoint({"script", "img", "iframe", "object"})
    assert not any(attribute.startswith("on") for attribute in page.attributes)
    assert hostile[0] in page.text
    assert hostile[3] in page.text
    assert "x" * 500 not in page.text
    assert "\u202e" not in page.text
    assert "\x07" not in page.text
    assert "\x1b" not in page.text


def test_forty_genres_and_more(database: Database):
    with database.write() as connection:
        collection = add_collection(connection)
        genres = [genre_id(connection, f"Style {number:02}") for number in range(50)]
        model = add_model(connection, genres, metrics={})
        for at, genre in enumerate(genres):
            add_support(connection, model, genre, tracks=2, artists=2, counts_for=genre)
            for number in range(2):
                track = add_track(connection, collection, artist=None, title="x", path=f"{at}/{number}.mp3")
                say(connection, track, genre)
                predict(connection, model, track, genres[at // 2], suggested=genres[at // 2])
        refresh_track_status(connection)
    page = Page(render_report(read_report_data(database), name="Many"))
    assert "38 rarer genres" in page.text
    assert "The last row is the sum of 10 rarer genres" in page.text


def test_written_tags_are_owned_up_to(database: Database, tmp_path: Path):
    with database.write() as connection:
        track = add_track(connection, add_collection(connection), artist=None, title="x", path="1.mp3")
        values = {
            "track_id": track,
            "path_bytes": b"1.mp3",
            "before": [],
            "after": ["Rock"],
            "state": "written",
        }
        connection.execute(sa.insert(t.tag_write).values(**values))
    assert "1 genre tag was written to files by command" in written(database, tmp_path).text


def test_the_questions_are_answered(filled: Database):
    with filled.read() as connection:
        rows = [len(connection.exec_driver_sql(query).all()) for query in EXAMPLE_QUERIES.values()]
    assert all(rows[:3])


def test_a_report_that_cannot_be_written_leaves_the_old_one(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "index.html"
    path.write_text("old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ReportWriteError, match="No space left"):
        write_report(database, path, name="Music")
    assert path.read_text() == "old"
    assert not [entry for entry in tmp_path.iterdir() if entry.name.startswith(".index")]


def test_a_folder_is_no_file(database: Database, tmp_path: Path):
    with pytest.raises(ReportWriteError, match=r"index\.html"):
        write_report(database, tmp_path, name="Music")
