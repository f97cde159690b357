"""The folder of reports: `index.html` and the card of the active model."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from catalog.db.database import Database
from catalog.learning.registry.registry import active_model
from catalog.report.html_report import write_report
from catalog.report.model_card import read_card, write_card


def write_report_folder(
    database: Database, folder: Path, *, command: str = "catalog", since: datetime | None = None
) -> Path:
    """Writes `index.html` and the `model-N.html` that it links to; returns the path of `index.html`.

    Without an active model no card is written. `since` bounds the decisions counted. Raises ReportWriteError.
    """
    with database.read() as connection:
        model = active_model(connection)
        card = None if model is None else read_card(connection, model["id"])
    if card is not None:
        write_card(card, folder / card.file_name, command=command)
    name = None if card is None else card.file_name
    return write_report(database, folder / "index.html", command=command, since=since, card=name)
