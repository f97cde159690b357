"""`catalog review keep`, `accept`, `relabel`, `undo` and `redo`."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.integration.review.conftest import Doubted


def listed(invoke: Any, *arguments: str) -> dict[str, int]:
    done = invoke("review", "list", "--json", *arguments)
    assert done.code == 0, done.err
    return {each["case_id"]: each["open_tracks"] for each in json.loads(done.out)}


def test_a_case_a_track_and_the_way_back(invoke: Any, doubted: Doubted) -> None:
    assert invoke("review", "accept", "red", "--dry-run").out == "would decide accept: 3 tracks\n"
    assert listed(invoke)["red"] == 3
    done = invoke("review", "accept", "red", "--reviewer", "ada")
    assert (done.code, done.out) == (0, "decided accept: 3 tracks\n")
    assert listed(invoke) == {"old": 1, "sad": 2}
    assert listed(invoke, "--reviewer", "ada") == {"red": 0}
    again = invoke("review", "relabel", "Red/Second/Red 2.mp3", "--genre", "jazz", "--reviewer", "bob")
    assert again.out == "decided relabel (Jazz): 1 track\n"
    assert f"  {doubted.tracks['Red 2']}: Red - Red 2\n" in again.err
    assert "warning: 1 track decided by ada before (accept): yours counts now" in again.err
    assert "to undo: catalog review undo --reviewer bob\n" in again.err
    assert invoke("review", "undo", "--reviewer", "bob", "--dry-run").out == "would undo relabel of 1 track\n"
    undone = invoke("review", "undo", "--reviewer", "bob")
    assert undone.out == "undone: relabel of 1 track\n"
    assert undone.err.endswith("to redo: catalog review redo --reviewer bob\n")
    assert invoke("review", "redo", "--reviewer", "bob", "--dry-run").out == "would redo relabel of 1 track\n"
    redone = invoke("review", "redo", "--reviewer", "bob")
    assert (redone.code, redone.out) == (0, "redone: relabel of 1 track\n")
    assert "1 track decided by ada before (accept): yours counts now" in redone.err
    assert "relabel Metal, chose Jazz, redone\n" in invoke("show", "Red/Second/Red 2.mp3").out
    nothing = invoke("review", "redo", "--reviewer", "bob")
    assert (nothing.code, "bob has no undo since" in nothing.err) == (1, True)
    assert invoke("review", "undo", "--reviewer", "bob").code == 0
    assert invoke("review", "undo", "red").out == "undone: accept of 3 tracks\n"
    assert listed(invoke)["red"] == 3
    nothing = invoke("review", "undo", "red")
    assert (nothing.code, "there is no decision to undo" in nothing.err) == (1, True)


@pytest.mark.parametrize("name", ["", "  ", "a" * 81])
def test_who_decides_has_a_name(invoke: Any, doubted: Doubted, name: str) -> None:
    for words in (["keep", "red"], ["undo"], ["redo"], ["serve"]):
        done = invoke("review", *words, "--reviewer", name)
        assert (done.code, "1 to 80 printable characters" in done.err) == (2, True)
    assert listed(invoke)["red"] == 3


def test_a_name_is_one_however_it_is_spaced(invoke: Any, doubted: Doubted) -> None:
    done = invoke("review", "accept", "red", "--reviewer", " Ada\n Lovelace\x1b")
    assert done.err.endswith("to undo: catalog review undo --reviewer 'Ada Lovelace'\n")
    assert invoke("review", "undo", "--reviewer", "Ada  Lovelace").code == 0
