"""The verdict on dependencies: silence is not taken for health."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

HOUSE = Path(__file__).parents[3]
KNOWN = {"name": "rq", "version": "3.0", "vulns": []}
ILL = {"name": "skops", "version": "0.11.0", "vulns": [{"id": "CVE-2025-54412", "fix_versions": ["0.12.0"]}]}
UNKNOWN = {
    "name": "click",
    "skip_reason": "Dependency not found on PyPI and could not be audited: click (8.5.1)",
}


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    place = HOUSE / "tools" / "audit_dependencies.py"
    specification = importlib.util.spec_from_file_location("audit_dependencies", place)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module
    specification.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("packages", "tolerant", "strict", "words"),
    [
        ([KNOWN], 0, 0, "1 packages looked up, 0 vulnerabilities"),
        ([KNOWN, ILL], 1, 1, "skops 0.11.0: CVE-2025-54412, mended in 0.12.0"),
        ([KNOWN, UNKNOWN], 0, 1, "NOT looked up, the service does not know them: 1 packages (click)"),
        ([UNKNOWN], 0, 1, "0 packages looked up"),
        ([ILL, UNKNOWN], 1, 1, "1 vulnerabilities"),
        ([], 0, 1, "0 packages looked up"),
    ],
)
def test_the_verdict(
    tool: ModuleType, packages: list[dict[str, object]], tolerant: int, strict: int, words: str
) -> None:
    audit = tool.read_audit({"dependencies": packages})
    for is_strict, code in ((False, tolerant), (True, strict)):
        given, lines = tool.verdict(audit, strict=is_strict)
        assert given == code
        assert words in "\n".join(lines)


def test_a_service_that_is_away(tool: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tool.sys, "executable", "/bin/false")
    assert tool.run_pip_audit(tmp_path / "requirements.lock") is None
    assert [tool.verdict(None, strict=strict)[0] for strict in (False, True)] == [0, 1]
