"""Large files are named, exempt ones are not."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

TOOL = Path(__file__).parents[3] / "tools" / "check_file_sizes.py"


def test_only_large_files_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = importlib.util.spec_from_file_location("check_file_sizes", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.chdir(tmp_path)
    Path("small.txt").write_bytes(b"x")
    Path("large.bin").write_bytes(bytes(400 * 1024))
    Path("requirements.lock").write_bytes(bytes(400 * 1024))
    names = ["small.txt", "large.bin", "requirements.lock", "absent.txt"]
    assert module.too_large(names) == ["large.bin: 400 KB; at most 300 KB"]
