"""The report as one self-contained HTML file: no script, no web font, no external image."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from catalog.db.database import Database
from catalog.db.tables import collection
from catalog.errors import CatalogError
from catalog.files import atomic_write
from catalog.report import formatting
from catalog.report.report_data import ReportData, read_report_data

EXAMPLE_QUERIES = {
    "Which tags should I look at first?": (
        "SELECT artist, title, tagged_genre, suggested_genre, suspicion FROM suspects "
        "WHERE decision IS NULL ORDER BY suspicion DESC LIMIT 20"
    ),
    "Which genres are suggested for untagged tracks?": (
        "SELECT artist, title, suggested_genre, suggested_by, probability FROM untagged "
        "WHERE suggested_genre IS NOT NULL AND probability IS NOT NULL ORDER BY probability DESC LIMIT 20"
    ),
    "Which genres does the model confuse?": (
        "SELECT tagged_genre, suggested_genre, count(*) AS tracks FROM predicted_vs_tagged "
        "WHERE relation IN ('sibling', 'different') "
        "GROUP BY tagged_genre, suggested_genre ORDER BY tracks DESC LIMIT 20"
    ),
    "Which artists are tagged with several genres?": (
        "SELECT artist, count(DISTINCT tagged_genre) AS genres, count(*) AS tracks FROM predicted_vs_tagged "
        "WHERE artist IS NOT NULL AND tagged_genre IS NOT NULL "
        "GROUP BY artist HAVING count(DISTINCT tagged_genre) > 1 ORDER BY genres DESC, tracks DESC LIMIT 20"
    ),
    "Which tracks sound mellow, in any genre?": (
        "SELECT p.artist, p.title, p.tagged_genre, a.probability FROM auto_tag a "
        "JOIN predicted_vs_tagged p ON p.track_id = a.track_id "
        "WHERE a.tag = 'Mellow' ORDER BY a.probability DESC LIMIT 20"
    ),
}
"""Questions and the SQL that answers them; it runs unchanged on SQLite and PostgreSQL."""

MOST_BARS = 12
"""Genres whose bars are visible; the rarer ones are in a collapsed section."""

MOST_NAMES = 3
"""Collections named in the heading; with more the heading is "Music catalog"."""


class ReportWriteError(CatalogError):
    """A report could not be written."""


def write_report(
    database: Database,
    path: Path,
    *,
    name: str | None = None,
    command: str = "catalog",
    since: datetime | None = None,
    card: str | None = None,
) -> Path:
    """Writes the report to `path` atomically and returns its absolute path.

    `name` is the heading (default: the names of the collections), `command` the command line of the program for this
    catalog, `since` the start of the period whose decisions are counted (None: all), `card` the file name of the active
    model's card in the same folder. Missing folders are created. Raises ReportWriteError if the path is a folder or
    cannot be written.
    """
    data = read_report_data(database, since)
    return write_page(path, render_report(data, name=name or _name(database), command=command, card=card))


def _name(database: Database) -> str:
    with database.read() as connection:
        names = list(connection.execute(sa.select(collection.c.name).order_by(collection.c.id)).scalars())
    return ", ".join(names) if 0 < len(names) <= MOST_NAMES else "Music catalog"


def render_report(data: ReportData, *, name: str, command: str = "catalog", card: str | None = None) -> str:
    """The page as HTML. All values are escaped; `name` is untrusted like any title."""
    return (
        formatting.template_environment("catalog.report")
        .get_template("report.html")
        .render(
            data=data,
            name=formatting.safe_text(name),
            command=formatting.safe_text(command, 1000),
            card=card,
            queries=EXAMPLE_QUERIES,
            most_bars=MOST_BARS,
        )
    )


def write_page(path: Path, page: str) -> Path:
    """Writes a page to `path` atomically and returns its absolute path. Missing folders are created.

    Raises ReportWriteError if the path is a folder or cannot be written.
    """
    target = path.expanduser().absolute()
    if target.is_dir():
        raise ReportWriteError(f"{target} is a folder; name a file in it: {target / 'index.html'}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(target) as file:
            file.write(page.encode("utf-8"))
    except OSError as error:
        raise ReportWriteError(
            f"the report cannot be written to {target}: {error.strerror or error}; choose another place"
        ) from error
    return target
