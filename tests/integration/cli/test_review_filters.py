"""Filter options of the `catalog review` commands."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from tests.integration.review.conftest import Doubted


def listed(invoke: Any, *arguments: str) -> dict[str, int]:
    done = invoke("review", "list", "--json", *arguments)
    assert done.code == 0, done.err
    return {each["case_id"]: each["open_tracks"] for each in json.loads(done.out)}


def test_bytes_that_are_no_text_are_nobodys_name(invoke: Any, doubted: Doubted) -> None:
    bytes_ = b"Re\xff".decode("utf-8", "surrogateescape")
    for option in ("--tagged", "--artist", "--album", "--collection", "--reviewer"):
        done = invoke("review", "list", option, bytes_)
        assert (done.code, "not valid UTF-8" in done.err) == (2, True), option
    assert invoke("review", "show", bytes_).code == 2
    for verb in ("keep", "undo"):
        done = invoke("review", verb, bytes_)
        assert (done.code, "no track matches" in done.err) == (1, True), verb


def test_in_bulk_only_with_a_filter_beside_suspicion(
    invoke: Any, doubted: Doubted, monkeypatch: pytest.MonkeyPatch
) -> None:
    for arguments in ([], ["--suspicion", "0.5"], ["red", "--tagged", "Metal"]):
        refused = invoke("review", "accept", *arguments, "-y")
        assert refused.code == 2, arguments
    plan = invoke("review", "accept", "--suggested", "Rock", "--dry-run")
    assert plan.out == "would decide accept: 4 tracks\n"
    assert "Red - Red 3: Metal -> Rock, suspicion 70\N{NO-BREAK SPACE}%" in plan.err
    assert "unknown before 100 decisions" in plan.err
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    stopped = invoke("review", "accept", "--suggested", "Rock")
    assert (stopped.code, listed(invoke)["red"]) == (1, 3)
    assert invoke("review", "accept", "--suggested", "Rock", "--artist", "Red", "-y").code == 0
    assert listed(invoke) == {"old": 1, "sad": 2}
    assert invoke("review", "keep", "--artist", "Red", "-y").code == 1
    assert invoke("review", "relabel", "old", "--genre", "Nixcore").err.startswith(
        "catalog: there is no genre 'Nixcore'"
    )
