"""A made-up collection on disk, and the command line as people run it: in a process of its own."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from catalog.threads import ONE_THREAD

ROOT = Path(__file__).parents[2]
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def made_collection(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The collection that `make ingest` makes: 73 files, of which one is too short; not to be changed."""
    specification = importlib.util.spec_from_file_location(
        "make_collection", ROOT / "tools/make_collection.py"
    )
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules["make_collection"] = module
    specification.loader.exec_module(module)
    folder = tmp_path_factory.mktemp("made") / "music"
    module.make_collection(folder)
    return folder


@pytest.fixture
def music(made_collection: Path, tmp_path: Path) -> Path:
    """A copy of the collection that a test may change."""
    folder = tmp_path / "music"
    shutil.copytree(made_collection, folder)
    return folder


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The environment of a user without any catalog."""
    inherited = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith("CATALOG_") and key not in ONE_THREAD
    }
    return {
        **inherited,
        "HOME": str(tmp_path),
        "CATALOG_HOME": str(tmp_path / "home"),
    }


@pytest.fixture
def catalog(environment: dict[str, str]) -> Run:
    """Runs `catalog` with arguments."""

    def run(*arguments: object, **options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", "from catalog.cli.main import main; main()", *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=300,
            env={**environment, **options},
            check=False,
        )

    return run
