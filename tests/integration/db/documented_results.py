"""Query results as the documentation shows them: the same text on both databases."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from typing import Any

from catalog.db.database import Database
from catalog.db.query.cell_format import safe_cell
from catalog.db.query.query import run_query


def documented_csv(database: Database, query: str, parameters: Mapping[str, str] | None = None) -> str:
    """The result of a query as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    with run_query(database, query, parameters) as result:
        writer.writerow(result.columns)
        for row in result.rows:
            writer.writerow(safe_cell(_normalized(value)) for value in row)
    return text.getvalue()


def _normalized(value: Any) -> Any:
    """Rounds floats to four digits and times to seconds, and turns booleans into integers."""
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, bool):
        return int(value)
    text = str(value)
    return text[:19] if re.match(r"\d{4}-\d\d-\d\d \d\d:", text) else value
