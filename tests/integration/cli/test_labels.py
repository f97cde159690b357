"""`catalog labels import` on data sets without audio and from a pipe."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.cli.conftest import Invoke


def test_a_data_set_without_audio_is_labeled_and_has_vectors(invoke: Invoke, tmp_path: Path) -> None:
    file = tmp_path / "features_30_sec.csv"
    rows = "".join(
        f"{genre}.{at:05}.wav,{at}.5,{at % 3},{genre}\n" for genre in ("blues", "rock") for at in range(3)
    )
    file.write_text(f"filename,a,b,label\n{rows}")
    arguments = ("labels", "import", file, "--create", "--columns", "path=filename,genre=label")
    dry = invoke(*arguments, "--dry-run", "--json")
    assert (dry.code, json.loads(dry.out)["created"]) == (0, 6)
    done = invoke(*arguments)
    assert "6 tracks without audio added" in done.out, done.err
    assert (
        json.loads(invoke("features", "import", file, "--name", "gtzan", "--json").out)["vectors"]["new"] == 6
    )
    listed = invoke(
        "sql", "SELECT collection, external_id, tagged_genre FROM predicted_vs_tagged", "--csv"
    ).out
    assert "features_30_sec,blues.00000.wav,Blues\n" in listed


def test_a_list_from_a_pipe(invoke: Invoke, sample: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    exported = invoke("export", "labels").out
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(exported.encode())))
    done = invoke("labels", "import", "-", "--json")
    report = json.loads(done.out)
    assert (report["file"], report["unknown"], report["rows"]) == (
        "standard input",
        0,
        exported.count("\n") - 1,
    )
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(exported.encode())))
    refused = invoke("labels", "import", "-", "--create")
    assert (refused.code, "add: --collection NAME" in refused.err) == (1, True)


def test_a_wrong_list_is_refused(invoke: Invoke, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text("a,b\n1,2\n")
    refused = invoke("labels", "import", file, "--create")
    assert (refused.code, "no column 'genre'" in refused.err) == (1, True)
