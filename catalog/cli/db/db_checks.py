"""Output of database checks, shared by `catalog db check` and `catalog db restore`."""

from __future__ import annotations

from collections.abc import Sequence

from catalog.catalog_check import ALL_DERIVED
from catalog.cli.common.output import print_rows, say
from catalog.db.schema.integrity import Check


def print_checks(checks: Sequence[Check], output_format: str) -> int:
    """Prints the checks and the next step; returns the exit code, 1 if anything differs."""
    rows = (
        {"check": check.name, "differences": check.differences, "details": "; ".join(check.details)}
        for check in checks
    )
    print_rows(rows, output_format)
    failed = {check.name for check in checks if check.differences}
    if failed & {derived.name for derived in ALL_DERIVED}:
        say("to recompute derived rows, run: catalog db check --repair")
    if failed & {"tables", "views"}:
        say("the schema was changed; --repair recreates the views, for tables restore a backup")
    return 1 if failed else 0
