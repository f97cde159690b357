"""Processes that compile at the same time, are killed, or find damaged files compute the right results."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

NOWHERE = "/proc/nowhere"
MODULE = """
import json, sys
from catalog.audio.jit import jit
from catalog.audio import kernel_cache

@jit
def total(values):
    result = values[0] * 0
    for value in values:
        result += value
    return result

@jit
def ratio(value):
    return value / 8

def results(first):
    import numpy as np
    kinds = [np.int16, np.int64, np.float64]
    kinds = kinds[first:] + kinds[:first]
    return sorted([kind.__name__, float(total(np.arange(9).astype(kind))), float(ratio(kind(4)))] for kind in kinds)

print(json.dumps([str(kernel_cache.cache_folder()), results(int(sys.argv[1]) % 3)]))
"""
EXPECTED = [[name, 36.0, 0.5] for name in sorted(["int16", "int64", "float64"])]

Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def start(tmp_path: Path) -> Start:
    (tmp_path / "kernels.py").write_text(MODULE)

    def run(order: int = 0, **variables: str) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache"), **variables}
        command = [sys.executable, str(tmp_path / "kernels.py"), str(order)]
        return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    return run


def folder_of(process: subprocess.Popen[bytes]) -> Path:
    """The cache folder of a process whose results are right."""
    output, errors = process.communicate()
    assert (process.returncode, errors) == (0, b"")
    folder, results = json.loads(output)
    assert results == EXPECTED
    return Path(folder)


def code_files(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "cache").rglob("*.nbc"))


def test_damaged_files_are_compiled_again(start: Start, tmp_path: Path) -> None:
    folder_of(start())
    files = code_files(tmp_path)
    assert len(files) == 6
    contents = [file.read_bytes() for file in files]
    damaged = [*contents[1:-1], contents[0], contents[-1][:-100]]
    for file, content in zip(files, damaged, strict=True):
        file.write_bytes(content)
    folder_of(start())
    assert not any(file.read_bytes() == content for file, content in zip(files, damaged, strict=True))


@pytest.mark.parametrize("files", [1, 4])
def test_eight_cold_processes_of_which_half_are_killed_leave_a_cache_that_works(
    start: Start, tmp_path: Path, files: int
) -> None:
    processes = [start(order) for order in range(8)]
    while len(code_files(tmp_path)) < files:
        assert any(process.poll() is None for process in processes)
    for process in processes[::2]:
        process.kill()
        process.communicate()
    for process in processes[1::2]:
        folder_of(process)
    folder_of(start())


def test_librosa_uses_the_same_folder(tmp_path: Path) -> None:
    code = "import librosa, numpy; import catalog.audio.jit; librosa.zero_crossings(numpy.zeros(9, numpy.float32))"
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
    assert any("_zc_wrapper" in file.name for file in code_files(tmp_path))


def test_without_the_preferred_folder_a_temporary_one_is_used(start: Start, tmp_path: Path) -> None:
    variables = {"TMPDIR": str(tmp_path / "tmp"), "NUMBA_CACHE_DIR": NOWHERE}
    (tmp_path / "tmp").mkdir()
    folder = folder_of(start(**variables))
    assert folder.parent == tmp_path / "tmp" / f"catalog-kernels-{os.getuid()}"
    assert folder.stat().st_mode & 0o077 == 0
    assert list(folder.rglob("*.nbc"))
    # As installed by a test of another program that allows one locator only.
    folder_of(start(**variables, NUMBA_CACHE_LOCATOR_CLASSES="UserProvidedCacheLocator"))


def test_without_any_folder_every_process_compiles(start: Start, tmp_path: Path) -> None:
    others = tmp_path / "tmp" / f"catalog-kernels-{os.getuid()}"
    others.mkdir(parents=True)
    others.chmod(0o777)
    variables = {"TMPDIR": str(tmp_path / "tmp"), "NUMBA_CACHE_DIR": NOWHERE}
    assert str(folder_of(start(**variables))).startswith(NOWHERE)
    assert not list(others.iterdir()), "anybody could replace machine code there"
