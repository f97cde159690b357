"""Machine code is kept in one verified file per signature."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from catalog.audio import kernel_cache
from catalog.audio.kernel_cache import KernelFiles

NOWHERE = "/proc/nowhere"
KEYS = ("int64", "float64", "int8")


def truncate(files: list[Path]) -> None:
    for size, file in enumerate(files):
        file.write_bytes(file.read_bytes()[: size * 11])


def swap(files: list[Path]) -> None:
    contents = [file.read_bytes() for file in files]
    for file, content in zip(files, contents[1:] + contents[:1], strict=True):
        file.write_bytes(content)


def flip_bits(files: list[Path]) -> None:
    chance = random.Random(0)
    for file in files:
        content = bytearray(file.read_bytes())
        for _ in range(3):
            content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        file.write_bytes(content)


def replace_with_folders(files: list[Path]) -> None:
    for file in files:
        file.unlink()
        file.mkdir()


@pytest.fixture
def cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "cache"))
    kernel_cache.cache_folder.cache_clear()
    yield kernel_cache.cache_folder()
    kernel_cache.cache_folder.cache_clear()


@pytest.mark.parametrize("damage", [truncate, swap, flip_bits, replace_with_folders])
def test_a_damaged_file_counts_as_absent(cache_folder: Path, damage: Callable[[list[Path]], None]) -> None:
    files = KernelFiles(str(cache_folder), "module.function", "stamp")
    for key in KEYS:
        files.save(key, key.upper())
    assert [files.load(key) for key in KEYS] == [key.upper() for key in KEYS]
    damage(sorted(cache_folder.glob("*.nbc")))
    assert [files.load(key) for key in KEYS] == [None] * len(KEYS)
    files.save(KEYS[0], 1)
    assert files.load(KEYS[0]) == (1 if damage is not replace_with_folders else None)


def test_a_folder_that_is_not_there_costs_time_only() -> None:
    files = KernelFiles(NOWHERE, "module.function", "stamp")
    files.save("int64", 1)
    assert files.load("int64") is None


def test_a_file_belongs_to_one_key_and_one_version_of_the_source(cache_folder: Path) -> None:
    old, new = (KernelFiles(str(cache_folder), "module.function", stamp) for stamp in ("old", "new"))
    for number, key in enumerate(("int64", "float64")):
        old.save(key, number)
    assert [old.load(key) for key in ("int64", "float64", "int8")] == [0, 1, None]
    assert new.load("int64") is None


def test_the_lock_is_taken_until_the_compilation_is_marked(cache_folder: Path) -> None:
    def compile_and_fail() -> None:
        with kernel_cache.compile_lock("all"):
            raise RuntimeError

    with pytest.raises(RuntimeError):
        compile_and_fail()
    assert not kernel_cache.is_compiled("all")
    with kernel_cache.compile_lock("all"):
        assert not kernel_cache.is_compiled("all")
    assert kernel_cache.is_compiled("all")
    kernel_cache.discard_cache()
    assert not kernel_cache.is_compiled("all")


def test_the_lock_needs_no_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel_cache, "cache_folder", lambda: Path(NOWHERE))
    with kernel_cache.compile_lock("all"):
        pass
    assert not kernel_cache.is_compiled("all")
