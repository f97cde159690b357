"""Settings, the open catalog, and options that many commands share."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import click
import sqlalchemy as sa

from catalog.cli.common.output import warn
from catalog.db.database import Database, open_database
from catalog.db.schema.schema_state import SchemaState, inspect_schema, require_current, upgrade
from catalog.genres.content_upgrade import upgrade_content_if_possible
from catalog.settings import Settings

Function = TypeVar("Function", bound=Callable[..., Any])

pass_settings = click.make_pass_decorator(Settings)


class NamedPath(click.Path):
    """A path that is not empty: an unset variable in a script must not mean the working folder."""

    def convert(
        self, value: str | os.PathLike[str], param: click.Parameter | None, ctx: click.Context | None
    ) -> str | bytes | os.PathLike[str]:
        """Returns the path. Fails for an empty one."""
        if not os.fspath(value):
            self.fail("the path is empty; write . for the working folder", param, ctx)
        return super().convert(value, param, ctx)


class FiniteRange(click.FloatRange):
    """A range of finite numbers: click accepts `nan` in any range."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Returns the number. Fails for `nan` and infinities."""
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a finite number", param, ctx)
        return number


def _parse_tag_encoding(_context: click.Context, _option: click.Parameter, name: str | None) -> str | None:
    from catalog.collection.scan.legacy_text import TagEncodingError, tag_encoding

    try:
        return None if name is None else tag_encoding(name)
    except TagEncodingError as error:
        raise click.BadParameter(str(error)) from error


paths_argument = click.argument(
    "paths", nargs=-1, required=True, metavar="PATH...", type=NamedPath(path_type=Path)
)
reread_option = click.option(
    "--reread", is_flag=True, help="Read the tags of all files again, also of files that seem unchanged."
)
tag_encoding_option = click.option(
    "--tag-encoding",
    metavar="NAME",
    callback=_parse_tag_encoding,
    help="Encoding of ID3 tags that say Latin-1, such as cp1251. Reads all files again.  [default: detected]",
)
dry_run_option = click.option("--dry-run", is_flag=True, help="Show the changes without making them.")
yes_option = click.option("-y", "--yes", is_flag=True, help="Do not ask for confirmation.")


@contextmanager
def open_catalog(
    settings: Settings,
    *,
    create: bool = False,
    dry_run: bool = False,
    check: Callable[[Database], object] | None = None,
) -> Iterator[Database]:
    """Opens the catalog's database and checks that its schema is current.

    With `create`, turns an empty database into a catalog with the seed vocabulary. In a dry run the empty database
    stays as it is and the command gets a temporary catalog. `check` validates the input of the command first, on a
    temporary catalog; if it raises, the empty database stays empty. Raises DatabaseUnusableError for
    a database that is missing, older, newer, or foreign.
    """
    with ExitStack() as stack:
        database = _open(stack, settings.database_url)
        if create and inspect_schema(database).state is SchemaState.EMPTY:
            if dry_run or check is not None:
                temporary = _open_temporary(stack)
                if check is not None:
                    check(temporary)
                database = temporary if dry_run else database
            if not dry_run:
                create_or_upgrade_catalog(database)
        require_current(database)
        if warning := upgrade_content_if_possible(database):
            warn(warning)
        yield database


def _open_temporary(stack: ExitStack) -> Database:
    """Opens a new catalog that is deleted with the stack."""
    folder = Path(stack.enter_context(TemporaryDirectory(prefix="catalog-dry-run-")))
    database = _open(stack, sa.URL.create("sqlite", database=str(folder / "catalog.db")))
    create_or_upgrade_catalog(database)
    return database


def _open(stack: ExitStack, url: str | sa.URL) -> Database:
    database = open_database(url)
    stack.callback(database.close)
    return database


def create_or_upgrade_catalog(database: Database) -> None:
    """Upgrades an empty or older database to the current schema and seeds the vocabulary."""
    from catalog.genres.seed import seed_vocabulary

    upgrade(database)
    with database.write() as connection:
        seed_vocabulary(connection)
