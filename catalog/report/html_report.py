"""The report as one HTML file that needs nothing else: no script, no font, no picture from anywhere."""

from __future__ import annotations

import os
import tempfile
from datetime import datetime
from pathlib import Path

import jinja2
import sqlalchemy as sa

from catalog.db.database import Database
from catalog.db.tables import collection
from catalog.errors import CatalogError
from catalog.report import formatting
from catalog.report.example_queries import EXAMPLE_QUERIES
from catalog.report.report_data import ReportData, read_report_data
from catalog.text import percent, pluralize

MOST_BARS = 12
"""Genres whose bars are seen at once; the rarer ones unfold."""


MOST_NAMES = 3
"""Collections that are named in the heading."""


class ReportWriteError(CatalogError):
    """A report that could not be written, with what to do about it."""


def write_report(
    database: Database,
    path: Path,
    *,
    name: str | None = None,
    command: str = "catalog",
    since: datetime | None = None,
    card: str | None = None,
) -> Path:
    """Writes the report on a catalog to `path`, whole or not at all, and gives its absolute path.

    `name` is what the catalog is called in the heading (None: as its collections are), `command` how the program is
    called for this catalog, `since` from when on people's work counts (None: all of it), `card` the name of a file beside
    the report with the card of the active model. Folders on the way are made. Raises ReportWriteError where
    the path is a folder or cannot be written to.
    """
    page = render(read_report_data(database, since), name=name or _name(database), command=command, card=card)
    return replace_page(path, page)


def _name(database: Database) -> str:
    with database.read() as connection:
        names = list(connection.execute(sa.select(collection.c.name).order_by(collection.c.id)).scalars())
    return ", ".join(names) if 0 < len(names) <= MOST_NAMES else "Music catalog"


def render(facts: ReportData, *, name: str, command: str = "catalog", card: str | None = None) -> str:
    """The page as text. Everything that is put in is escaped; `name` is as hostile as any title."""
    return (
        environment()
        .get_template("page.html")
        .render(
            facts=facts,
            name=formatting.safe_text(name),
            command=formatting.safe_text(command, 1000),
            card=card,
            questions=EXAMPLE_QUERIES,
            most_bars=MOST_BARS,
        )
    )


def environment() -> jinja2.Environment:
    """The templates: everything that is put in is escaped, and what is not there is an error."""
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("catalog.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for filter_ in (
        formatting.count,
        formatting.short,
        percent,
        pluralize,
        formatting.moment,
        formatting.day,
        formatting.whole,
    ):
        made.filters[filter_.__name__] = filter_
    return made


def replace_page(path: Path, page: str) -> Path:
    """Writes a page to `path`, whole or not at all, and gives its absolute path. Folders on the way are made.

    Raises ReportWriteError where the path is a folder or cannot be written to.
    """
    target = path.expanduser().absolute()
    if target.is_dir():
        raise ReportWriteError(f"{target} is a folder; name a file in it: {target / 'index.html'}")
    try:
        _replace(target, page)
    except OSError as error:
        raise ReportWriteError(
            f"the report cannot be written to {target}: {error.strerror or error}; choose another place"
        ) from error
    return target


def _replace(target: Path, page: str) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:40]}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(page)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp makes files for the owner alone; a report is to be shown, like any file that a program writes.
        os.chmod(temporary, 0o666 & ~_umask())  # noqa: PTH101 - a name, not a path of ours
        os.replace(temporary, target)  # noqa: PTH105
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _umask() -> int:
    # There is no way to ask for it without setting it.
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
