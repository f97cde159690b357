"""The command `db copy`: the catalog in another database."""

from __future__ import annotations

from contextlib import closing

import click
import sqlalchemy as sa

from catalog.cli.common.context import dry_run_option, open_catalog, pass_settings
from catalog.cli.common.output import format_options, print_rows, say, warn
from catalog.cli.common.progress import progress
from catalog.db.database import Database, open_database
from catalog.db.transfer.copy import COPIED, copy_database, require_target
from catalog.settings import Settings
from catalog.text import pluralize


@click.command("copy")
@click.option(
    "--to", "target_url", metavar="URL", required=True, help="postgresql://user@host/name or sqlite:///FILE."
)
@dry_run_option
@format_options
@pass_settings
def copy_verb(settings: Settings, target_url: str, dry_run: bool, output_format: str) -> None:
    """Copy the catalog into an empty database and compare both.

    The catalog is not changed; the copy has its state at the beginning. If the copy is interrupted, run the same
    command again: it starts over. Models stay in the home: use the copy with the same --home.
    """
    with closing(open_database(target_url)) as target, open_catalog(settings) as source:
        require_target(source, target)
        rows = _count(source)
        if dry_run:
            print_rows(({"table": name, "rows": number} for name, number in rows.items()), output_format)
            say(f"would be copied to {target.place}; nothing was changed")
            return
        total = sum(rows.values())
        with progress("copying") as show:
            result = copy_database(source, target, lambda table, done: show(done, 2 * total, table))
        place = source.place
    print_rows(
        (
            {"table": name, "rows": table.rows, "checksum": table.checksum}
            for name, table in result.tables.items()
        ),
        output_format,
    )
    copied = sum(table.rows for table in result.tables.values())
    say(f"{pluralize(copied, 'row')} in {len(result.tables)} tables are equal in {place} and {target.place}")
    say("models and reports stay in the home: name the new database with --database-url or in config.toml")
    if result.source_changed:
        warn("the catalog was changed during the copy; the copy has its state at the beginning")


def _count(database: Database) -> dict[str, int]:
    with database.read() as connection:
        return {
            table.name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for table in COPIED
        }
