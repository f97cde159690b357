"""What verbs share: the settings, the open catalog, options for rows and for dry runs."""

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

from catalog.db.database import Database, open_database
from catalog.db.schema.schema import SchemaState, inspect_schema, require_current, upgrade
from catalog.genres.content_upgrade import upgrade_content_if_possible
from catalog.settings import Settings

Function = TypeVar("Function", bound=Callable[..., Any])

pass_settings = click.make_pass_decorator(Settings)


class NamedPath(click.Path):
    """A path that is not empty: an unset variable in a script must not come to mean the folder one stands in."""

    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> str | bytes | os.PathLike[str]:
        """The path. Fails for an empty one."""
        if not os.fspath(value):
            self.fail("the name is empty; the folder you are in is called .", param, ctx)
        return super().convert(value, param, ctx)


class FiniteRange(click.FloatRange):
    """A range of numbers that `nan`, which no bound holds back, and `inf` are not in."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number. Fails for one that is not finite."""
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a finite number", param, ctx)
        return number


paths_argument = click.argument(
    "paths", nargs=-1, required=True, metavar="PATH...", type=NamedPath(path_type=Path)
)
dry_run_option = click.option("--dry-run", is_flag=True, help="Show what would be done; change nothing.")
yes_option = click.option("-y", "--yes", is_flag=True, help="Ask no question.")


@contextmanager
def open_catalog(settings: Settings, *, create: bool = False, dry_run: bool = False) -> Iterator[Database]:
    """The catalog's database, of the schema this program wants.

    With `create` an empty database becomes a catalog with its vocabulary; for a dry run it stays empty, and the verb is
    given a catalog that is thrown away. Raises DatabaseUnusableError for a database that is absent, older, newer or
    somebody else's.
    """
    with ExitStack() as stack:
        database = _opened(stack, settings.database_url)
        if create and inspect_schema(database).fit is SchemaState.EMPTY:
            if dry_run:
                folder = Path(stack.enter_context(TemporaryDirectory(prefix="catalog-dry-run-")))
                database = _opened(stack, sa.URL.create("sqlite", database=str(folder / "catalog.db")))
            create_catalog(database)
        require_current(database)
        upgrade_content_if_possible(database)
        yield database


def _opened(stack: ExitStack, url: str | sa.URL) -> Database:
    database = open_database(url)
    stack.callback(database.close)
    return database


def create_catalog(database: Database) -> None:
    """Brings an empty or older database to the present schema and seeds the vocabulary."""
    from catalog.genres.seed import seed_vocabulary

    upgrade(database)
    with database.write() as connection:
        seed_vocabulary(connection)
