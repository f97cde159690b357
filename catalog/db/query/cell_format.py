"""A value of an answer as it stands in a file: in CSV without formulas, in JSON without what JSON does not have."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from datetime import date, datetime
from itertools import chain, count
from typing import Any

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""The last four are the first four at full width, which spreadsheets of East Asia read as these (OWASP, CSV injection)."""
LATE_CONTROLS = re.compile("[\x7f-\x9f]")


def safe_cell(value: Any) -> Any:
    """A CSV cell that no spreadsheet takes for a formula: a title may begin with an equals sign."""
    text = json_value(value) if isinstance(value, (datetime, date, bytes)) else value
    if isinstance(text, (dict, list)):
        text = json.dumps(text, ensure_ascii=False, default=json_value)
    if isinstance(text, str) and text.startswith(FORMULA_STARTS):
        return f"'{text}"
    return text


def json_value(value: Any) -> str:
    """A value that JSON does not know as text: times by ISO 8601, bytes in hexadecimal."""
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    return str(value)


def finite(value: Any) -> Any:
    """JSON has no infinity and nothing that is no number."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def json_row(names: Sequence[str], record: Sequence[Any]) -> str:
    """One record as a JSON object on one line; the names must differ."""
    row = {name: finite(value) for name, value in zip(names, record, strict=True)}
    return escape_json(json.dumps(row, default=json_value, ensure_ascii=False))


def escape_json(text: str) -> str:
    """The same JSON with the controls from U+007F to U+009F escaped: a terminal may obey U+009B, and JSON allows it."""
    return LATE_CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def unique_names(names: Sequence[str]) -> list[str]:
    """The names of columns so that no two are equal: the second `id` is `id_2`."""
    found: list[str] = []
    for name in names:
        candidates = chain([name], (f"{name}_{number}" for number in count(2)))
        found.append(next(candidate for candidate in candidates if candidate not in found))
    return found
