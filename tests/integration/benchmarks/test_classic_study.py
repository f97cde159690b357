"""The classic study runs from made-up files to its table, and a second run computes nothing."""

from __future__ import annotations

import csv
import importlib
import io
import json
import sys
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"
MODULES = (
    "classic_study",
    "clips",
    "make_fma",
    "make_fma_audio",
    "study_material",
    "study_recipes",
    "study_scores",
)
GENRES = ("Rock", "Electronic", "Spoken")
SCORES = ("accuracy", "balanced_accuracy", "macro_f1")
DEALS = ("random folds", "artists apart", "official split")


@pytest.fixture
def benchmark(monkeypatch):
    """The study's modules by name, with one or two settings a classifier."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    for name in MODULES:
        monkeypatch.delitem(sys.modules, name, raising=False)
    classic_study = importlib.import_module("classic_study")
    make_fma = importlib.import_module("make_fma")
    make_fma_audio = importlib.import_module("make_fma_audio")
    study_recipes = importlib.import_module("study_recipes")

    grids = {
        name: {key: values[:1] for key, values in grid.items()} for name, grid in study_recipes.GRIDS.items()
    }
    grids["knn"] = study_recipes.GRIDS["knn"] | {"neighbors": (3, 10)}
    for name in ("random_forest", "adaboost", "bagging"):
        grids[name] = grids[name] | {"trees": (8,)}
    monkeypatch.setattr(study_recipes, "GRIDS", grids)
    monkeypatch.setattr(study_recipes, "OURS", study_recipes.OURS[:1])
    yield {"study": classic_study, "fma": make_fma, "audio": make_fma_audio, "recipes": study_recipes}
    for name in MODULES:
        sys.modules.pop(name, None)


@pytest.fixture
def run(benchmark, monkeypatch, capfd, tmp_path):
    """Runs the study in a home of the test's; gives what it printed and what it told."""

    def run_study(*arguments):
        command = [
            "classic_study.py",
            str(tmp_path / "fma"),
            "--home",
            str(tmp_path / "home"),
            "--workers",
            "0",
        ]
        monkeypatch.setattr(sys, "argv", [*command, "--min-tracks", "6", "--min-artists", "3", *arguments])
        assert benchmark["study"].main() == 0
        return capfd.readouterr()

    return run_study


def test_without_audio_the_published_features_are_studied(benchmark, run, tmp_path):
    metadata = tmp_path / "fma" / "fma_metadata"
    benchmark["fma"].write_fma(metadata, 500, 500, 0, tops=GENRES, signal=0.3)
    shown = run("--json")
    found = json.loads(shown.out)
    assert set(found["classes"]) == {"Rock", "Electronic"}, "spoken word was no class of the study"
    assert "no audio" in shown.err
    rows = {(row["kind"], row["recipe"]): row for row in found["rows"]}
    classic = {recipe.partition(" ")[0] for kind, recipe in rows if kind == "classic"}
    assert classic == set(benchmark["recipes"].GRIDS)
    assert len(classic) == 8
    majority = rows["baseline", "always the commonest genre"]
    default = rows["ours", "logistic_regression on fma-518"]
    for deal in DEALS:
        for row in rows.values():
            assert all(0 <= row[deal][name]["low"] <= row[deal][name]["value"] for name in SCORES)
        assert default[deal]["macro_f1"]["value"] > majority[deal]["macro_f1"]["value"]
    share = max(found["classes"].values()) / sum(found["classes"].values())
    assert majority["artists apart"]["accuracy"]["value"] <= share
    assert rows["classic", "knn on fma-518"]["artists apart"]["chosen"]["neighbors"] in {3, 10}
    again = run("--csv")
    table = list(csv.DictReader(io.StringIO(again.out)))
    assert len(table) == len(found["rows"])
    for line, row in zip(table, found["rows"], strict=True):
        assert float(line["artists_apart_accuracy"]) == round(row["artists apart"]["accuracy"]["value"], 4)
        assert float(line["seconds"]) == pytest.approx(
            sum(row[deal].get("seconds", 0) for deal in DEALS), abs=0.06
        ), "what was computed is not computed again"


def test_with_audio_it_is_heard(benchmark, run, tmp_path, monkeypatch):
    recipes = benchmark["recipes"]
    monkeypatch.setattr(recipes, "GRIDS", {"random_forest": recipes.GRIDS["random_forest"]})
    default, _, stack = recipes.ours("musicnn", "summary")
    assert stack.title == "stack on musicnn+summary"
    monkeypatch.setattr(benchmark["study"], "ours", lambda *_: [default])
    folder = tmp_path / "fma"
    benchmark["fma"].write_fma(folder / "fma_metadata", 180, 0, 0, tops=GENRES[:2])
    assert 15 < benchmark["audio"].write_audio(folder, 1.0) < 40
    found = run().out
    for title in ("random_forest on summary", "random_forest on pca", "ours: logistic_regression on musicnn"):
        assert title in found
    assert "points of accuracy ahead of" in found


def test_the_setting_for_a_fold_is_chosen_by_the_others(benchmark, monkeypatch):
    study_scores = importlib.import_module("study_scores")
    classic = importlib.import_module("study_recipes").classic

    from catalog.learning.dataset.snapshot_data import SnapshotTracks
    from catalog.learning.search.search import SearchData
    from catalog.learning.search.trial import TrialOutcome

    y, groups = np.tile([0, 1], 20), np.repeat(np.arange(20), 2)
    vectors: dict[tuple[str, ...], str] = {("fma-518",): "digest"}
    ground = SearchData(1, SnapshotTracks(np.arange(40), y, groups, 2), vectors, 0, [None] * 40)
    recipe = next(one for one in classic(["fma-518"], whole=False) if one.algorithm == "knn")
    lucky = ground.folds == 0

    def outcome(_connection, trial):
        inside = ground.folds == trial.split.fold
        is_first = trial.candidate == recipe.candidates[0]
        right = lucky[inside] if is_first else ~lucky[inside]
        return TrialOutcome(np.where(right, y[inside], 1 - y[inside]), 1.0, None)

    class Database:
        def read(self):
            import contextlib

            return contextlib.nullcontext()

    monkeypatch.setattr(study_scores, "run_missing_trials", lambda *_a, **_k: 0)
    monkeypatch.setattr(study_scores, "load_outcome", outcome)
    found = study_scores.by_folds(Database(), None, ground, recipe, 1, lambda *_: None)
    assert found.chosen == recipe.candidates[1].parameters
    np.testing.assert_array_equal(found.choice == y, ~lucky)


def test_a_folder_without_metadata_is_refused(benchmark, monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "argv", ["classic_study.py", str(tmp_path), "--home", str(tmp_path / "home")])
    with pytest.raises(SystemExit, match="has no fma_metadata"):
        benchmark["study"].main()
    assert not (tmp_path / "home").exists()
