"""`catalog review list` and `catalog review show`."""

from __future__ import annotations

import json
from typing import Any

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
    assert table.out.splitlines()[1].split()[:3] == ["red", "0.9", "Red"]
    assert table.err == "page 1 of 3; 3 cases\n"
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
