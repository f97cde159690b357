"""The verb `db copy`: the catalog in another database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import click
import sqlalchemy as sa

from catalog.cli.common.context import dry_run_option, open_catalog, pass_settings
from catalog.cli.common.output import format_options, print_rows, progress, say, warn
from catalog.db.database import Database, open_database
from catalog.db.transfer.copy import COPIED, copy_database, require_target
from catalog.settings import Settings
from catalog.text import pluralize


@dataclass
class _Steps:
    """Rows done, of those that are each to be written and read back."""

    total: int
    show: Callable[[int, int | None, str], None]
    done: int = 0

    def add(self, table: str, rows: int) -> None:
        self.done += rows
        self.show(self.done, self.total, table)


@click.command("copy")
@click.option(
    "--to", "target_url", metavar="URL", required=True, help="postgresql://user@host/name or sqlite:///FILE."
)
@dry_run_option
@format_options
@pass_settings
def copy_verb(settings: Settings, target_url: str, dry_run: bool, output_format: str) -> None:
    """Copy the catalog into another, empty database, and compare both table by table.

    The catalog is only read, as it was when the copy began. Killed in the middle, the same command goes on. Models
    stay in the home: the copy is used with the same --home.
    """
    target = open_database(target_url)
    try:
        with open_catalog(settings) as source:
            require_target(source, target)
            rows = _count(source)
            if dry_run:
                print_rows(({"table": name, "rows": number} for name, number in rows.items()), output_format)
                say(f"would be copied to {target.place}; nothing was changed")
                return
            with progress("copying") as show:
                copied = copy_database(source, target, _Steps(2 * sum(rows.values()), show).add)
            place = source.place
    finally:
        target.close()
    print_rows(
        (
            {
                "table": each.name,
                "rows": each.sum.rows,
                "checksum": each.sum.checksum,
                "already there": each.kept,
            }
            for each in copied.tables
        ),
        output_format,
    )
    total = sum(each.sum.rows for each in copied.tables)
    say(
        f"{pluralize(total, 'row')} in {len(copied.tables)} tables are the same in {place} and {target.place}"
    )
    say("models and reports stay in the home: name the new database with --database-url or in config.toml")
    if copied.is_outrun:
        warn("the catalog was written to meanwhile; the copy has it as it was at the beginning")


def _count(database: Database) -> dict[str, int]:
    with database.read() as connection:
        return {
            table.name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for table in COPIED
        }
