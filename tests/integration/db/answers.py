"""An answer as the documentation shows it: alike on both databases."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from typing import Any

from catalog.db.database import Database
from catalog.db.query.cell_format import safe_cell
from catalog.db.query.query import run_query


def answered(database: Database, question: str, given: Mapping[str, str] | None = None) -> str:
    """The answer to a question as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    with run_query(database, question, given) as answer:
        writer.writerow(answer.columns)
        for row in answer.rows:
            writer.writerow(safe_cell(_alike(value)) for value in row)
    return text.getvalue()


def _alike(value: Any) -> Any:
    """Shares to four digits, times to the second, truth as a number: the databases write them differently."""
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, bool):
        return int(value)
    text = str(value)
    return text[:19] if re.match(r"\d{4}-\d\d-\d\d \d\d:", text) else value
