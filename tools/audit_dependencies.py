"""Checks every pinned dependency for known vulnerabilities.

    python tools/audit_dependencies.py [--strict] [LOCK]

pip-audit reports "no known vulnerabilities" and exit code 0 also if the service knows none of the packages, for example
behind a mirror that serves only the index. This tool lists the packages that were not looked up; with --strict they are
an error. A vulnerability is always an error.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LOCK = Path(__file__).parents[1] / "requirements.lock"
SECONDS = 300


@dataclass(frozen=True)
class Audit:
    """The result of an audit."""

    looked_up: int
    unknown: tuple[str, ...]
    """Packages that the service does not know."""
    findings: tuple[str, ...]
    """One line per vulnerability."""

    @property
    def is_whole(self) -> bool:
        """Whether every package was looked up."""
        return self.looked_up > 0 and not self.unknown


def read_audit(report: dict[str, Any]) -> Audit:
    """The result from the JSON output of pip-audit."""
    packages = report["dependencies"]
    unknown = tuple(each["name"] for each in packages if "skip_reason" in each)
    findings = tuple(
        f"{each['name']} {each['version']}: {found['id']}, mended in {', '.join(found['fix_versions']) or 'no version yet'}"  # noqa: E501
        for each in packages
        for found in each.get("vulns", ())
    )
    return Audit(len(packages) - len(unknown), unknown, findings)


def run_pip_audit(lock: Path) -> Audit | None:
    """Audits a lock file with hashes, without installing it. Returns None if the service cannot be reached."""
    command = [
        sys.executable,
        "-m",
        "pip_audit",
        "--requirement",
        str(lock),
        "--require-hashes",
        "--disable-pip",
    ]
    try:
        done = subprocess.run(
            [*command, "--format", "json", "--progress-spinner", "off"],
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )
        return read_audit(json.loads(done.stdout))
    except (subprocess.TimeoutExpired, ValueError, LookupError):
        return None


def verdict(audit: Audit | None, *, strict: bool) -> tuple[int, list[str]]:
    """Returns the exit code and the message."""
    if audit is None:
        return int(strict), ["the service of vulnerabilities does not answer: nothing was looked up"]
    lines = list(audit.findings)
    lines.append(f"{audit.looked_up} packages looked up, {len(audit.findings)} vulnerabilities")
    if audit.unknown:
        named = ", ".join(audit.unknown[:5]) + (", ..." if len(audit.unknown) > 5 else "")
        lines.append(
            f"NOT looked up, the service does not know them: {len(audit.unknown)} packages ({named})"
        )
    return int(bool(audit.findings) or (strict and not audit.is_whole)), lines


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the message and returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("lock", nargs="?", type=Path, default=LOCK)
    parser.add_argument(
        "--strict", action="store_true", help="also fail where a package could not be looked up"
    )
    options = parser.parse_args(arguments)
    code, lines = verdict(run_pip_audit(options.lock), strict=options.strict)
    print("\n".join(lines))
    return code


if __name__ == "__main__":
    sys.exit(main())
