"""Holds every pinned dependency against the known vulnerabilities: `python tools/audit_dependencies.py [--strict] [LOCK]`.

pip-audit says "no known vulnerabilities" and ends with 0 also where the service knew none of the packages, as behind
a mirror that answers for the index alone. Here what was not looked up is said, and with --strict it is an error; a
finding always is.
"""  # noqa: E501

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
    """What was learned of the packages."""

    looked_up: int
    unknown: tuple[str, ...]
    """Packages of which the service knew nothing."""
    findings: tuple[str, ...]
    """A line for each vulnerability."""

    @property
    def is_whole(self) -> bool:
        """Whether every package was looked up."""
        return self.looked_up > 0 and not self.unknown


def read_audit(report: dict[str, Any]) -> Audit:
    """What pip-audit's JSON says."""
    packages = report["dependencies"]
    unknown = tuple(each["name"] for each in packages if "skip_reason" in each)
    findings = tuple(
        f"{each['name']} {each['version']}: {found['id']}, mended in {', '.join(found['fix_versions']) or 'no version yet'}"  # noqa: E501
        for each in packages
        for found in each.get("vulns", ())
    )
    return Audit(len(packages) - len(unknown), unknown, findings)


def run_pip_audit(lock: Path) -> Audit | None:
    """The audit of a lock with hashes, which needs no installing; None where the service cannot be reached."""
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
    """The exit code, and what to say."""
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
    """Prints the verdict and gives the exit code."""
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
