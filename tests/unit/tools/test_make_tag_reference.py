import importlib.util
from pathlib import Path

import numpy as np
import pytest

from catalog.audio.feature_sets.musicnn import dimension_names
from catalog.learning.fitting.musicnn_tag_map import tag_map

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location(
        "make_tag_reference", ROOT / "tools" / "make_tag_reference.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_genre_weighs_the_same(tool):
    loud, quiet = np.full(500, 0.8, np.float32), np.full(500, 0.2, np.float32)
    made = tool.reference([("rock", loud)] * 9 + [("harp", quiet)])
    assert set(made["mean"].values()) == {0.5}
    assert made["tracks"] == {"harp": 1, "rock": 9}


def test_it_makes_what_the_tag_map_reads(tool):
    made = tool.reference([("rock", np.arange(500, dtype=np.float32))])
    assert set(made["mean"]) == set(tag_map().reference)
    assert made["mean"]["msd.tag.rock"] == dimension_names().index("msd.tag.rock")


def test_a_file_that_is_not_there_is_named_and_passed_over(tool, tmp_path, capsys):
    (tmp_path / "labels.csv").write_text("path,genre\nnowhere.mp3,rock\n", encoding="utf-8")
    assert list(tool.labeled(tmp_path / "labels.csv")) == []
    assert "nowhere.mp3" in capsys.readouterr().err
