"""`catalog analyze` and `catalog failures`, run as a user runs them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from catalog.audio.feature_set import FeatureSet
from catalog.cli.main import run
from catalog.settings import Settings
from tests.integration.workers.sound import HANGS, HUNGRY, QUIET, RAISES, AddTracks, write_sound

Invoke = Callable[..., tuple[int, str, str]]


@pytest.fixture
def invoke(settings: Settings, tiny: FeatureSet, capsys: pytest.CaptureFixture[str]) -> Invoke:
    def invoked(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = run(["--home", str(settings.home), "--database-url", settings.database_url, *arguments])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return invoked


def test_analyze_then_failures_then_retry(invoke: Invoke, add_tracks: AddTracks) -> None:
    add_tracks(QUIET, QUIET, RAISES)
    assert invoke("analyze", "--feature-set", "tiny", "--dry-run") == (0, "3 tracks would be analyzed\n", "")
    code, out, err = invoke("analyze", "--feature-set", "tiny", "--workers", "1")
    assert code == 3
    assert out.startswith("2 tracks analyzed in ")
    assert out.endswith(", 1 failed\n")
    assert "catalog failures list" in err
    code, out, _ = invoke("failures", "list", "--json")
    (row,) = json.loads(out)
    assert (code, row["reason"], row["message"]) == (0, "error", "ValueError: too loud for me")
    assert invoke("analyze", "--feature-set", "tiny", "--workers", "1")[:2] == (
        0,
        "0 tracks analyzed in 0 s, 0 failed\n",
    )
    assert invoke("failures", "list", "--reason", "empty")[2] == "no rows\n"
    assert invoke("failures", "retry", "--dry-run")[1] == "1 track would be pending again\n"
    code, out, err = invoke("failures", "retry", str(row["track_id"] - 1))
    assert (code, out) == (0, "0 tracks are pending again\n")
    assert err == "no failure matches the track or reason; see: catalog failures list\n"
    assert invoke("failures", "retry", "--reason", "error")[1] == "1 track is pending again\n"
    assert invoke("analyze", "--feature-set", "tiny", "--dry-run")[1] == "1 track would be analyzed\n"


def test_analyze_on_a_worker(invoke: Invoke, add_tracks: AddTracks) -> None:
    add_tracks(QUIET)
    code, out, err = invoke("analyze", "--feature-set", "tiny", "--collection", "music")
    assert (code, err.startswith("analyzing")) == (0, True)
    assert out.startswith("1 track analyzed in ")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_ingest_bounds_what_a_track_may_take(invoke: Invoke, music: Path) -> None:
    for name, level in (("quiet", QUIET), ("hungry", HUNGRY), ("hangs", HANGS)):
        write_sound(music / f"{name}.wav", level, pitch=200 + 100 * level)
    options = ("--feature-set", "tiny", "--workers", "1", "--time-limit", "2", "--memory-limit", "200")
    code, _, err = invoke("ingest", str(music), *options)
    assert code == 3, err
    rows = json.loads(invoke("failures", "list", "--json")[1])
    assert {row["path"]: row["reason"] for row in rows} == {"hungry.wav": "memory", "hangs.wav": "poison"}


def test_what_is_not_there_is_a_matter_of_usage(invoke: Invoke) -> None:
    code, _, err = invoke("analyze", "--feature-set", "loudest")
    assert code == 2
    assert "there is no feature set 'loudest'; installed: " in err
    code, _, err = invoke("analyze", "--feature-set", "tiny", "--collection", "nothing")
    assert code == 2
    assert "there is no collection 'nothing'; see: catalog collections list" in err


@pytest.mark.parametrize("verb", [["analyze"], ["worker"]])
def test_a_redis_that_is_not_there_is_one_line(
    invoke: Invoke, add_tracks: AddTracks, settings: Settings, verb: list[str]
) -> None:
    add_tracks(QUIET)
    code, out, err = invoke("--redis-url", "redis://:secret@localhost:1", *verb, "--feature-set", "tiny")
    assert (code, out) == (1, "")
    assert err.startswith("catalog: no Redis answers at localhost:1 (")
    assert err.count("\n") == 1
    assert "secret" not in err
    assert not (Path(settings.run) / "valkey.sock").exists()
