"""Cells of CSV: text that a spreadsheet would take for a formula."""

from __future__ import annotations

import pytest

from catalog.db.query.cell_format import safe_cell


@pytest.mark.parametrize(
    "sign", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"]
)
def test_no_text_is_a_formula(sign: str) -> None:
    assert safe_cell(f"{sign}cmd()") == f"'{sign}cmd()"
    assert safe_cell(f"a{sign}b") == f"a{sign}b"


def test_numbers_stay_numbers() -> None:
    assert safe_cell(-5) == -5
