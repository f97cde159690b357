"""What `db check` looks at, and how it says what is wrong."""

from __future__ import annotations

from collections.abc import Sequence

from catalog.cli.common.output import print_rows, say
from catalog.db.database import Database
from catalog.db.schema.integrity import DERIVED, Check, Derived, check_integrity, check_schema
from catalog.db.schema.schema import inspect_schema
from catalog.genres.closure_table import check_ancestors, rebuild_ancestors

ANCESTORS = Derived("genre_ancestor", lambda connection: len(check_ancestors(connection)), rebuild_ancestors)
ALL_DERIVED = (*DERIVED, ANCESTORS)
"""What stands below what comes first is what it is computed from."""


def checks(database: Database) -> list[Check]:
    """Schema, integrity and every computed row of a catalog of this program's revision."""
    found = [Check("revision", 0, (str(inspect_schema(database).revision),))]
    found += [*check_schema(database), *check_integrity(database)]
    with database.read() as connection:
        found += [Check(each.name, each.differences(connection)) for each in ALL_DERIVED]
    return found


def print_checks(found: Sequence[Check], output_format: str) -> int:
    """Prints the checks and what to do; gives the exit code, 1 where anything differs."""
    print_rows(
        (
            {"check": each.name, "differences": each.differences, "details": "; ".join(each.details)}
            for each in found
        ),
        output_format,
    )
    wrong = [each for each in found if each.differences]
    repairable = {each.name for each in ALL_DERIVED}
    if any(each.name in repairable for each in wrong):
        say("computed rows are put right by: catalog db check --repair")
    if any(each.name in {"tables", "views"} for each in wrong):
        say(
            "the schema is not as this program made it; --repair makes the views anew, for tables see a backup"
        )
    return 1 if wrong else 0
