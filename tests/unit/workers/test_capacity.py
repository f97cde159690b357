"""How many workers fit: what a container is granted counts, not what the machine has."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from workers.host import capacity


@pytest.fixture
def group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The control group of this process, on a machine of eight cores and 64 GB."""
    inner = tmp_path / "cgroup" / "system.slice" / "worker.service"
    inner.mkdir(parents=True)
    membership = tmp_path / "self"
    membership.write_text("0::/system.slice/worker.service\n")
    monkeypatch.setattr(capacity, "CONTROL_GROUPS", tmp_path / "cgroup")
    monkeypatch.setattr(capacity, "MEMBERSHIP", membership)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(8)), raising=False)
    memory = psutil.virtual_memory()._replace(available=64 * 2**30)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    return inner


def test_one_a_core_where_there_is_memory(group: Path) -> None:
    assert capacity.default_worker_count() == 8


@pytest.mark.parametrize(
    ("limit", "used", "files", "expected"),
    [("max", 0, 0, 8), (2**30, 0, 0, 2), (2**30, 2**30, 2**30, 2), (2**28, 0, 0, 1), (2**30, 2**31, 0, 1)],
)
def test_no_more_than_memory_allows(
    group: Path, limit: int | str, used: int, files: int, expected: int
) -> None:
    (group / "memory.max").write_text(f"{limit}\n")
    (group / "memory.current").write_text(f"{used}\n")
    (group / "memory.stat").write_text(f"anon 5\ninactive_file {files}\n")
    assert capacity.default_worker_count() == expected


@pytest.mark.parametrize(
    ("quota", "expected"), [("max 100000", 8), ("200000 100000", 2), ("50000 100000", 1), ("strange", 8)]
)
def test_no_more_than_the_cores_that_are_granted_above_us_too(group: Path, quota: str, expected: int) -> None:
    (group.parent / "cpu.max").write_text(quota)
    assert capacity.default_worker_count() == expected
