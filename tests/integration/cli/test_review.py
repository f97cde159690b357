"""`catalog review reviewers`, and exports of decisions."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from tests.integration.review.conftest import Doubted


def test_decisions_are_exported_without_formulas(invoke: Any, doubted: Doubted) -> None:
    invoke("review", "accept", "red", "--reviewer", "=cmd()")
    invoke("review", "keep", "old", "--reviewer", "ada")
    rows = list(csv.DictReader(io.StringIO(invoke("export", "decisions").out)))
    assert [(row["external_id"], row["before"], row["after"], row["who"]) for row in rows[1:]] == [
        ("x-Red 2", "Metal; Folk", "Rock; Folk", "'=cmd()"),
        ("x-Red 3", "Metal", "Rock", "'=cmd()"),
        ("x-Old 1", "Pop", "Pop", "ada"),
    ]
    lines = invoke("export", "decisions", "--format", "jsonl").out.splitlines()
    assert json.loads(lines[0])["who"] == "=cmd()"


def test_the_export_has_one_row_a_track_which_is_what_came_of_it(invoke: Any, doubted: Doubted) -> None:
    def row(title: str) -> tuple[str, ...]:
        rows = csv.DictReader(io.StringIO(invoke("export", "decisions").out))
        [found] = [row for row in rows if row["external_id"] == f"x-{title}"]
        return tuple(found[name] for name in ("before", "after", "who", "verdict"))

    track = "Red/Second/Red 2.mp3"
    invoke("review", "accept", track, "--reviewer", "ada")
    assert row("Red 2") == ("Metal; Folk", "Rock; Folk", "ada", "accept")
    invoke("review", "relabel", track, "--genre", "Jazz", "--reviewer", "ada")
    assert row("Red 2") == ("Metal; Folk", "Jazz; Folk", "ada", "relabel"), "once, as decided last"
    invoke("review", "unsure", track, "--reviewer", "bob")
    assert row("Red 2") == ("Metal; Folk", "Jazz; Folk", "bob", "unsure"), "who is unsure changes nothing"
    for name in ("bob", "ada"):
        invoke("review", "undo", "--reviewer", name)
    assert row("Red 2") == ("Metal; Folk", "Rock; Folk", "ada", "accept")
    invoke("review", "unsure", "sad", "--reviewer", "ada")
    assert row("Sad 1") == ("Jazz", "Jazz", "ada", "unsure")


def test_reviewers(invoke: Any, doubted: Doubted) -> None:
    link = invoke("review", "reviewers", "add", "Ada").out.strip()
    base, _, token = link.partition("/enter/")
    assert base == "http://127.0.0.1:8765"
    assert len(token) >= 43
    twice = invoke("review", "reviewers", "add", "Ada")
    assert (twice.code, "already has a link" in twice.err) == (1, True)
    rows = json.loads(invoke("review", "reviewers", "list", "--json").out)
    assert [(row["name"], row["revoked_at"]) for row in rows] == [("Ada", None)]
    assert token not in str(rows)
    assert invoke("review", "reviewers", "revoke", "Ada").code == 0
    assert invoke("review", "reviewers", "revoke", "Ada").code == 1
    again = invoke("review", "reviewers", "add", "Ada", "--url", "https://review.example.org").out.strip()
    assert again.startswith("https://review.example.org/enter/")
    assert not again.endswith(token)
    refused = invoke("review", "reviewers", "add", "Bob", "--url", "review.example.org/x")
    assert (refused.code, "must look like" in refused.err) == (1, True)
