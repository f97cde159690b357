"""`catalog review list` and `catalog review show`."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
import sqlalchemy as sa

from catalog.db.database import Database
from catalog.db.tables import track
from tests.integration.review.conftest import Doubted


def listed(invoke: Any, *arguments: str) -> dict[str, int]:
    done = invoke("review", "list", "--json", *arguments)
    assert done.code == 0, done.err
    return {each["case_id"]: each["open_tracks"] for each in json.loads(done.out)}


def test_list_and_show(invoke: Any, doubted: Doubted) -> None:
    assert listed(invoke) == {"red": 3, "old": 1, "sad": 2}
    assert listed(invoke, "--tagged", "Metal", "--suspicion", "0.75") == {"red": 2}
    assert listed(invoke, "--tagged", " metal ") == {"red": 3}, "as the vocabulary reads it"
    assert listed(invoke, "--artist", "the RED") == {"red": 3}, "as catalog write reads it"
    assert listed(invoke, "--reviewer", "nobody") == {}
    assert "to list all: catalog review list" in invoke("review", "list", "--artist", "Nobody").err
    unknown = invoke("review", "list", "--tagged", "Metl")
    assert (unknown.code, "there is no genre 'Metl'" in unknown.err) == (1, True)
    table = invoke("review", "list", "--per-page", "1")
    assert table.out.splitlines()[1].split()[:3] == ["c1", "0.9", "Red"]
    assert table.err == "page 1 of 3; 3 cases\nto see a case: catalog review show c1\n"
    shown = invoke("review", "show", "red")
    assert "Red: 3 tracks tagged Metal, predicted Rock" in shown.out
    assert "  tagged Metal, Folk (source: file); Red/Second/Red 2.mp3" in shown.out
    tracks = json.loads(invoke("review", "show", "red", "--json").out)["tracks"]
    assert [each["title"] for each in tracks] == ["Red 1", "Red 2", "Red 3"]
    assert tracks[0]["reasons"][0]["kind"] == "prediction"
    assert tracks[0]["explanations"] == [
        "Predicted Rock (80\N{NO-BREAK SPACE}%); the tag Metal gets 10\N{NO-BREAK SPACE}%"
    ]
    missing = invoke("review", "show", "nix")
    assert (missing.code, missing.err) == (
        1,
        "catalog: there is no case nix in the latest audit; see: catalog review list\n",
    )


def test_a_case_is_named_by_its_number_or_its_artist(invoke: Any, doubted: Doubted) -> None:
    cases = {each["case_id"]: each["case"] for each in json.loads(invoke("review", "list", "--json").out)}
    assert cases == {"red": "c1", "sad": "c2", "old": "c3"}
    for name in ("1", "c1", "C1", " c1\r", "red", "Red", "the RED"):
        assert "Red: 3 tracks tagged Metal" in invoke("review", "show", name).out, name
    for name in ("4", "c4", "c0", "c", "Nobody", ""):
        assert invoke("review", "show", name).code == 1, name


def test_numbers_stay_the_same_while_cases_are_decided(invoke: Any, doubted: Doubted) -> None:
    done = invoke("review", "accept", "c1")
    assert (done.code, done.out) == (0, "decided accept: 3 tracks\n")
    assert "  c1: Red, Metal -> Rock, 3 tracks\n" in done.err
    assert listed(invoke) == {"old": 1, "sad": 2}
    table = invoke("review", "list", "--csv").out.splitlines()
    assert [line.split(",")[0] for line in table[1:]] == ["c2", "c3"]
    assert invoke("review", "undo", "c1").code == 0
    assert listed(invoke)["red"] == 3


def test_a_plain_number_is_a_track_and_a_title_is_not_its_artist(
    invoke: Any, database: Database, doubted: Doubted
) -> None:
    done = invoke("review", "keep", "1", "--dry-run")
    assert (done.code, done.out) == (0, "would decide keep: 1 track\n")
    assert invoke("review", "keep", "Red", "--dry-run").out == "would decide keep: 3 tracks\n"
    with database.write() as connection:
        connection.execute(sa.update(track).where(track.c.id == 1).values(title="Red"))
    refused = invoke("review", "keep", "Red", "--dry-run")
    assert (refused.code, "the artist of case c1 and the title of track 1" in refused.err) == (1, True)


@pytest.mark.parametrize("text", ["track_id\r\n1\r\n3\r\n", "1\n\n  3\n", "\ufefftrack_id\n1\n3"])
def test_targets_come_from_standard_input(
    invoke: Any, doubted: Doubted, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    for command in (("review", "accept"), ("write",)):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
        done = invoke(*command, "-", "--dry-run")
        assert done.code == 0, done.err
        assert command == ("write",) or done.out == "would decide accept: 2 tracks\n"


def test_no_target_on_standard_input_is_not_all_of_them(
    invoke: Any, doubted: Doubted, monkeypatch: pytest.MonkeyPatch
) -> None:
    for command in (("review", "accept", "-"), ("write", "-"), ("failures", "retry", "-")):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"track_id\r\n")))
        done = invoke(*command)
        assert (done.code, "standard input names nothing" in done.err) == (1, True)
