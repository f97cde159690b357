"""The verb `db`: the database's schema and its soundness."""

from __future__ import annotations

import click

from catalog.cli.context import create_catalog, dry_run_option, open_catalog, pass_settings, yes_option
from catalog.cli.db_copy import copy_verb
from catalog.cli.output import format_options, print_rows, say
from catalog.cli.renewal import is_outdated, renew
from catalog.db.database import DatabaseUnusable, open_database
from catalog.db.schema import Fit, downgrade, inspect_schema, require_revision, upgrade
from catalog.db.soundness import DERIVED, Check, Derived, check_integrity, check_schema
from catalog.db.views import create_views
from catalog.genres.ancestor import check_ancestors, rebuild_ancestors
from catalog.settings import Settings

ANCESTORS = Derived("genre_ancestor", lambda connection: len(check_ancestors(connection)), rebuild_ancestors)


@click.group()
def db() -> None:
    """The database: upgrade, downgrade, check, copy."""


db.add_command(copy_verb)


@db.command("upgrade")
@click.argument("revision", default="head")
@dry_run_option
@pass_settings
def upgrade_verb(settings: Settings, revision: str, dry_run: bool) -> None:
    """Bring the schema to the present one, or up to REVISION; an empty database becomes a catalog."""
    require_revision(revision)
    database = open_database(settings.database_url)
    try:
        before = inspect_schema(database)
        target = before.head if revision == "head" else revision
        if before.fit is Fit.CURRENT and before.revision == target and is_outdated(database):
            if dry_run:
                say("would make the views anew and add to the vocabulary; nothing was changed")
                return
            with database.write() as connection:
                renew(connection)
            say("the views and the vocabulary are those of this version now")
        elif before.revision == target:
            say(f"the schema is at revision {target}; there is nothing to do")
        elif dry_run:
            say(f"would go from revision {before.revision or 'none'} to {target}; nothing was changed")
        else:
            if revision == "head":
                create_catalog(database)
            else:
                upgrade(database, revision)
            say(f"the schema is now at revision {inspect_schema(database).revision}")
    finally:
        database.close()


@db.command("downgrade")
@click.argument("revision")
@dry_run_option
@yes_option
@pass_settings
def downgrade_verb(settings: Settings, revision: str, dry_run: bool, yes: bool) -> None:
    """Take the schema back to REVISION; `base` removes every table with all that is in it."""
    require_revision(revision)
    database = open_database(settings.database_url)
    try:
        schema = inspect_schema(database)
        if schema.fit is Fit.EMPTY:
            raise DatabaseUnusable("there is no catalog yet; nothing can be taken back")
        loss = (
            "every table, with all that is in it," if revision == "base" else "what newer revisions brought"
        )
        if dry_run:
            say(f"would go from revision {schema.revision} back to {revision}; {loss} would be lost")
            return
        if not yes:
            click.confirm(
                f"{loss} will be lost. Go back from {schema.revision} to {revision}?", abort=True, err=True
            )
        downgrade(database, revision)
        say(f"the schema is now at revision {inspect_schema(database).revision or 'none'}")
    finally:
        database.close()


@db.command("check")
@click.option("--repair", is_flag=True, help="Make the views anew, and what is computed from other rows.")
@format_options
@pass_settings
def check_verb(settings: Settings, repair: bool, output_format: str) -> int:
    """Compare the schema with a fresh one, and every computed row with its computation.

    The exit code is 1 where anything differs.
    """
    with open_catalog(settings) as database:
        # Another revision than this program's was refused on opening.
        revision = Check("revision", 0, (str(inspect_schema(database).revision),))
        derived = (*DERIVED, ANCESTORS)
        if repair:
            with database.write() as connection:
                create_views(connection)
                # What stands below what comes first in `derived` is what it is computed from.
                for each in reversed(derived):
                    each.repair(connection)
        checks = [revision, *check_schema(database), *check_integrity(database)]
        with database.read() as connection:
            checks += [Check(each.name, each.differences(connection)) for each in derived]
    print_rows(
        (
            {"check": each.name, "differences": each.differences, "details": "; ".join(each.details)}
            for each in checks
        ),
        output_format,
    )
    wrong = [each for each in checks if each.differences]
    repairable = {each.name for each in derived}
    if any(each.name in repairable for each in wrong):
        say("computed rows are put right by: catalog db check --repair")
    if any(each.name in {"tables", "views"} for each in wrong):
        say(
            "the schema is not as this program made it; --repair makes the views anew, for tables see a backup"
        )
    return 1 if wrong else 0
