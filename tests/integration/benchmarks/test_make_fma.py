"""The generator of metadata in the archive's layout: what it writes comes in without a problem."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from catalog.collection.fma.fma_import import import_fma
from catalog.db.database import open_database

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"


@pytest.fixture
def write_fma(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    monkeypatch.delitem(sys.modules, "make_fma", raising=False)
    yield importlib.import_module("make_fma").write_fma
    sys.modules.pop("make_fma", None)


def test_what_it_writes_comes_in(write_fma, sqlite_url, tmp_path):
    write_fma(tmp_path / "fma", tracks=60, features=50, echonest=10)
    database = open_database(sqlite_url)
    report = import_fma(database, tmp_path / "fma")
    database.close()
    assert (report.tracks, report.problems) == (60, [])
    assert [(each.dimensions, each.matched) for each in report.vectors] == [(518, 50), (237, 10)]


def test_a_smaller_set_is_the_beginning_of_a_larger(write_fma, tmp_path):
    write_fma(tmp_path / "small", tracks=5, features=5, echonest=2)
    write_fma(tmp_path / "large", tracks=9, features=9, echonest=4)
    for name in ("tracks.csv", "features.csv", "echonest.csv"):
        assert (tmp_path / "large" / name).read_bytes().startswith((tmp_path / "small" / name).read_bytes())
