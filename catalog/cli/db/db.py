"""`catalog db`: manage the database."""

from __future__ import annotations

from contextlib import closing

import click

from catalog.catalog_check import check_catalog, repair_catalog
from catalog.cli.common.command_group import CommandGroup
from catalog.cli.common.context import (
    create_or_upgrade_catalog,
    dry_run_option,
    open_catalog,
    pass_settings,
    yes_option,
)
from catalog.cli.common.output import format_options, say
from catalog.cli.db.db_backup import backup_verb, restore_verb
from catalog.cli.db.db_checks import print_checks
from catalog.cli.db.db_copy import copy_verb
from catalog.db.database import DatabaseUnusableError, open_database
from catalog.db.schema.revisions import is_behind
from catalog.db.schema.schema_state import (
    SchemaState,
    downgrade,
    inspect_schema,
    require_compatible,
    require_revision,
    upgrade,
)
from catalog.genres.content_upgrade import is_content_outdated, upgrade_content
from catalog.settings import Settings


@click.group(cls=CommandGroup)
def db() -> None:
    """Upgrade, check, copy, back up and restore the database."""


for command in (copy_verb, backup_verb, restore_verb):
    db.add_command(command)


@db.command("upgrade")
@click.argument("revision", default="head")
@dry_run_option
@pass_settings
def upgrade_verb(settings: Settings, revision: str, dry_run: bool) -> None:
    """Upgrade the schema to the current version, or to REVISION.

    An empty database becomes a catalog.
    """
    require_revision(revision)
    with closing(open_database(settings.database_url)) as database:
        before = inspect_schema(database)
        require_compatible(before)
        target = before.head if revision == "head" else revision
        if (
            before.state is SchemaState.CURRENT
            and before.revision == target
            and is_content_outdated(database)
        ):
            if dry_run:
                say("would recreate the views and update the vocabulary; nothing was changed")
                return
            with database.write() as connection:
                upgrade_content(connection)
            say("the views and the vocabulary are now up to date")
        elif not is_behind(before.revision, target):
            say(f"the schema is at revision {before.revision or 'none'}; nothing to do")
        elif dry_run:
            say(f"would upgrade from revision {before.revision or 'none'} to {target}; nothing was changed")
        else:
            if revision == "head":
                create_or_upgrade_catalog(database)
            else:
                upgrade(database, revision)
            say(f"the schema is now at revision {inspect_schema(database).revision}")


@db.command("downgrade")
@click.argument("revision")
@dry_run_option
@yes_option
@pass_settings
def downgrade_verb(settings: Settings, revision: str, dry_run: bool, yes: bool) -> None:
    """Downgrade the schema to an older revision.

    REVISION base drops every table with its data.
    """
    require_revision(revision)
    with closing(open_database(settings.database_url)) as database:
        schema = inspect_schema(database)
        if schema.state is SchemaState.EMPTY:
            raise DatabaseUnusableError("the database is empty; nothing to downgrade")
        require_compatible(schema)
        if revision == "head" or not is_behind(revision, schema.revision):
            raise DatabaseUnusableError(
                f"the schema is at revision {schema.revision}, and {revision} is not older; "
                "give an older revision, or run: catalog db upgrade"
            )
        loss = "every table with its data" if revision == "base" else "the data of newer revisions"
        if dry_run:
            say(f"would downgrade from revision {schema.revision} to {revision}; {loss} would be lost")
            return
        if not yes:
            click.confirm(
                f"{loss} will be lost. Downgrade from {schema.revision} to {revision}?", abort=True, err=True
            )
        downgrade(database, revision)
        say(f"the schema is now at revision {inspect_schema(database).revision or 'none'}")


@db.command("check")
@click.option("--repair", is_flag=True, help="Recreate the views and recompute the derived tables.")
@format_options
@pass_settings
def check_verb(settings: Settings, repair: bool, output_format: str) -> int:
    """Check the schema, the integrity and the derived tables.

    Exit code 1: a difference was found.
    """
    # Opening fails for any other revision.
    with open_catalog(settings) as database:
        if repair:
            with database.write() as connection:
                repair_catalog(connection)
        checks = check_catalog(database)
    return print_checks(checks, output_format)
