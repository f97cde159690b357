from __future__ import annotations

from pathlib import Path

import pytest

from catalog.learning.registry import task_context
from catalog.learning.registry.task_context import current_context, set_context_from


def test_the_context_of_a_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(task_context, "_current", [])
    with pytest.raises(RuntimeError, match="no task context"):
        current_context()
    set_context_from(f"sqlite:///{tmp_path / 'catalog.db'}", str(tmp_path))
    context = current_context()
    assert context.models == tmp_path
    assert not context.is_stopped()
