"""What lies in the home's folder of reports: the report, and beside it the card of the active model."""

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
    """Writes `index.html` and `model-N.html`, to which it has a link; gives the path of the first.

    Without an active model there is no card. What people did counts from `since` on. Raises ReportWriteError.
    """
    with database.read() as connection:
        model = active_model(connection)
        card = None if model is None else read_card(connection, model["id"])
    written = (
        None if card is None else write_card(card, folder / f"model-{card.model_id}.html", command=command)
    )
    return write_report(
        database,
        folder / "index.html",
        command=command,
        since=since,
        card=None if written is None else written.name,
    )
