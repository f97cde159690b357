"""`catalog db backup` and `catalog db restore`: the catalog in one file."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import click

from catalog.catalog_check import check_catalog
from catalog.cli.common.command_group import renamed_argument
from catalog.cli.common.context import NamedPath, dry_run_option, open_catalog, pass_settings
from catalog.cli.common.output import format_options, print_json, say, warn
from catalog.cli.common.progress import progress
from catalog.cli.db.db_checks import print_checks
from catalog.db.database import open_database
from catalog.db.transfer.archive import Manifest, open_archive
from catalog.db.transfer.backup import Home, back_up, default_name, estimated_bytes
from catalog.db.transfer.restore import require_restorable, restore
from catalog.settings import Settings
from catalog.text import pluralize

MEGABYTE = 1_000_000


@dataclass
class _Bytes:
    """Progress in megabytes; `total` is an estimate."""

    total: int
    show: Callable[[int, int | None, str], None]
    done: int = 0

    def add(self, size: int) -> None:
        self.done += size
        self.show(self.done // MEGABYTE, max(self.total, self.done) // MEGABYTE, "MB")


@click.command("backup")
@click.option(
    "-o",
    "--output",
    "destination",
    metavar="FILE|FOLDER",
    type=NamedPath(path_type=Path),
    required=True,
    help="New file, or folder for a file named by date and time.",
)
@renamed_argument("--output")
@dry_run_option
@click.option("--json", "as_json", is_flag=True, help="Print the content of the backup as JSON.")
@pass_settings
def backup_verb(settings: Settings, destination: Path, dry_run: bool, as_json: bool) -> None:
    """Back up database, models and configuration to one file.

    The backup is a consistent snapshot, also while other commands run. PostgreSQL needs pg_dump. URLs in the
    configuration are omitted, since they may contain passwords.
    """
    if destination.is_dir():
        destination /= default_name(datetime.now().astimezone())
    elif not destination.suffix:
        raise click.ClickException(
            f"there is no folder {destination}; create it first, or name a file: {destination}.zip"
        )
    elif not destination.parent.is_dir():
        raise click.ClickException(
            f"there is no folder {destination.parent}; create it first, or correct the name"
        )
    home = _home(settings)
    with open_catalog(settings) as database:
        size = estimated_bytes(database, home)
        if dry_run:
            if destination.exists():
                raise FileExistsError(17, "the file exists and is not overwritten", str(destination))
            say(
                f"would write about {size / MEGABYTE:,.0f} MB before compression to {destination}; nothing was changed"
            )
            return
        with progress("backing up") as show:
            backup = back_up(database, home, destination, _Bytes(size, show).add)
    if as_json:
        print_json({"file": str(backup.path), "bytes": backup.size, **_facts(backup.manifest)})
    say(f"{backup.path}: {_in_words(backup.manifest)}; {backup.size / MEGABYTE:,.1f} MB")
    for name in backup.damaged:
        warn(f"the model file {name} is missing or damaged; the backup does not repair it")


@click.command("restore")
@click.argument("file", type=NamedPath(path_type=Path, exists=True, dir_okay=False))
@dry_run_option
@format_options
@pass_settings
def restore_verb(settings: Settings, file: Path, dry_run: bool, output_format: str) -> int:
    """Restore a backup into an empty home or database.

    The result is checked. Nothing is overwritten. A backup of an older version is upgraded. Restore only
    backups that you trust: the server executes a PostgreSQL dump.
    """
    home = _home(settings)
    with closing(open_database(settings.database_url)) as database:
        if dry_run:
            with open_archive(file) as archive:
                require_restorable(archive, database, home)
            say(f"{_in_words(archive.manifest)}: would be restored to {database.place}; nothing was changed")
            return 0
        with open_archive(file) as archive:
            size = archive.manifest.size
        with progress("restoring") as show:
            manifest = restore(file, database, home, _Bytes(size, show).add)
    with open_catalog(settings) as catalog:
        checks = check_catalog(catalog)
        place = catalog.place
    code = print_checks(checks, output_format)
    say(f"restored to {place}: {_in_words(manifest)}")
    return code


def _home(settings: Settings) -> Home:
    return Home(settings.models, settings.home / "config.toml")


def _facts(manifest: Manifest) -> dict[str, object]:
    return {
        "made_at": manifest.made_at,
        "backend": manifest.backend,
        "revision": manifest.revision,
        "rows": dict(manifest.rows),
        "members": [{"name": one.name, "bytes": one.size, "sha256": one.sha256} for one in manifest.members],
    }


def _in_words(manifest: Manifest) -> str:
    models = sum(member.name.startswith("models/") for member in manifest.members)
    return (
        f"{pluralize(manifest.rows.get('track', 0), 'track')}, {pluralize(sum(manifest.rows.values()), 'row')} and "
        f"{pluralize(models, 'model file')} of {manifest.made_at}"
    )
