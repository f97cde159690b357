"""The verb `review` as a person uses it, on both databases."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

from tests.integration.review.conftest import Doubted, doubted

__all__ = ["doubted"]


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
    assert (unknown.code, "the vocabulary has no genre 'Metl'" in unknown.err) == (1, True)
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


def test_bytes_that_are_no_text_are_nobodys_name(invoke: Any, doubted: Doubted) -> None:
    bytes_ = b"Re\xff".decode("utf-8", "surrogateescape")
    for option in ("--tagged", "--artist", "--album", "--collection", "--reviewer"):
        done = invoke("review", "list", option, bytes_)
        assert (done.code, "not valid UTF-8" in done.err) == (2, True), option
    assert invoke("review", "show", bytes_).code == 2
    for verb in ("keep", "undo"):
        done = invoke("review", verb, bytes_)
        assert (done.code, "no track is" in done.err) == (1, True), verb


def test_in_bulk_only_with_a_filter_beside_suspicion(
    invoke: Any, doubted: Doubted, monkeypatch: pytest.MonkeyPatch
) -> None:
    for arguments in ([], ["--suspicion", "0.5"], ["red", "--tagged", "Metal"]):
        refused = invoke("review", "accept", *arguments, "-y")
        assert refused.code == 2, arguments
    plan = invoke("review", "accept", "--suggested", "Rock", "--dry-run")
    assert plan.out == "would decide accept: 4 tracks\n"
    assert "Red - Red 3: Metal -> Rock, suspicion 0.70" in plan.err
    assert "unknown before 100 decisions" in plan.err
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    stopped = invoke("review", "accept", "--suggested", "Rock")
    assert (stopped.code, listed(invoke)["red"]) == (130, 3)
    assert invoke("review", "accept", "--suggested", "Rock", "--artist", "Red", "-y").code == 0
    assert listed(invoke) == {"old": 1, "sad": 2}
    assert invoke("review", "keep", "--artist", "Red", "-y").code == 1
    assert invoke("review", "relabel", "old", "--genre", "Nixcore").err.startswith(
        "catalog: the vocabulary has no genre 'Nixcore'"
    )


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
    token = invoke("review", "reviewers", "add", "Ada").out.strip()
    assert len(token) >= 43
    twice = invoke("review", "reviewers", "add", "Ada")
    assert (twice.code, "has a link already" in twice.err) == (1, True)
    rows = json.loads(invoke("review", "reviewers", "list", "--json").out)
    assert [(row["name"], row["revoked_at"]) for row in rows] == [("Ada", None)]
    assert token not in str(rows)
    assert invoke("review", "reviewers", "revoke", "Ada").code == 0
    assert invoke("review", "reviewers", "revoke", "Ada").code == 1
    assert invoke("review", "reviewers", "add", "Ada").out.strip() != token


@pytest.mark.parametrize("arguments", [["sample", "4", "--overlap", "5"], ["sample", "0"]])
def test_slips_in_the_sample_are_usage_errors(invoke: Any, doubted: Doubted, arguments: list[str]) -> None:
    assert invoke("review", *arguments).code == 2


def test_a_small_sample_overlaps_as_far_as_it_goes(invoke: Any, doubted: Doubted) -> None:
    plan = invoke("review", "sample", "4", "--dry-run")
    assert (plan.code, "would draw 4 tracks with seed 0, 4 for two reviewers" in plan.err) == (
        0,
        True,
    )


def test_a_sample_of_nearly_all_says_so_and_its_suspects_are_not_taken_for_decided(
    invoke: Any, doubted: Doubted
) -> None:
    drawn = invoke("review", "sample", "100", "--overlap", "0")
    assert "they are excluded from training" in drawn.err
    assert listed(invoke) == {}
    told = invoke("review", "progress").out
    assert "0 cases open with 0 tracks; 6 more in the audit sample\n" in told
    assert told.endswith(
        "judge the check sample, which holds the only suspects left (6): catalog review serve\n"
    )


@pytest.mark.parametrize("name", ["", "  ", "a" * 81])
def test_who_decides_has_a_name(invoke: Any, doubted: Doubted, name: str) -> None:
    for words in (["keep", "red"], ["undo"], ["redo"], ["serve"]):
        done = invoke("review", *words, "--reviewer", name)
        assert (done.code, "1 to 80 characters" in done.err) == (2, True)
    assert listed(invoke)["red"] == 3


def test_a_name_is_one_however_it_is_spaced(invoke: Any, doubted: Doubted) -> None:
    done = invoke("review", "accept", "red", "--reviewer", " Ada\n Lovelace\x1b")
    assert done.err.endswith("to undo: catalog review undo --reviewer 'Ada Lovelace'\n")
    assert invoke("review", "undo", "--reviewer", "Ada  Lovelace").code == 0


def test_sample_and_progress(invoke: Any, doubted: Doubted) -> None:
    plan = invoke("review", "sample", "4", "--overlap", "2", "--dry-run")
    assert "would draw 4 tracks with seed 0, 2 for two reviewers" in plan.err
    before = invoke("review", "progress")
    assert before.out.splitlines() == [
        "0 decisions",
        "3 cases open with 6 tracks",
        "go on: only 6 of the suspects are left",
    ]
    # Before the sample is drawn: what it holds is in no case until it was judged blind.
    invoke("review", "accept", "red", "--reviewer", "ada")
    invoke("review", "keep", "old", "--reviewer", "bob")
    assert json.loads(invoke("review", "sample", "4", "--overlap", "2", "--json").out)["closes"] is None
    assert "closed sample 1" in invoke("review", "sample", "4", "--overlap", "2", "--seed", "1").err
    told = invoke("review", "progress")
    assert "4 decisions: 3 accept, 1 keep" in told.out
    assert "  ada: 3 decisions, 3 wrong tags found" in told.out
    assert "audit sample 2: 0 of 4 tracks judged" in told.out
    assert json.loads(invoke("review", "progress", "--json").out)["overall"]["value"] == 0.75
    assert invoke("review", "progress", "--since", "2999-01-01").out.startswith(
        "0 decisions since 2999-01-01\n"
    )
