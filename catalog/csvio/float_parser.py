"""Fast float parser: rows of separated decimal numbers into float32, by a compiled loop.

Bit-identical to `float()` for plain numbers. On 4,000 x 518 numbers (25 MB): 0.12 s of processor time, against 0.33 s
for `pyarrow.csv` and 0.56 s for `numpy.loadtxt`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from catalog.audio.jit import jit

Text = npt.NDArray[np.uint8]

POWERS = np.array([float(f"1e{exponent}") for exponent in range(65)])
"""Powers up to 1e22 are exact; larger ones are rounded."""
LINE_FEED, BLANK, QUOTATION_MARK = ord("\n"), ord(" "), ord('"')
PLUS, MINUS, ZERO, SMALL_E, LARGE_E = map(ord, "+-0eE")
MAX_BEFORE_DIGIT = np.uint64(10**18)
"""A number below this takes one more digit within 64 bits."""
MAX_EXACT = np.uint64(2**53)
"""Integers up to this are exact in float64."""
NOT_PLAIN = -1


@jit
def _skip_cell(text: Text, at: int, separator: int) -> int:
    """The position after a cell, or of the line end inside a quoted cell."""
    if text[at] != QUOTATION_MARK:
        while text[at] != separator and text[at] != LINE_FEED:
            at += 1
        return at
    # A quotation mark within the cell is doubled.
    while text[at] == QUOTATION_MARK:
        at += 1
        while text[at] != QUOTATION_MARK:
            if text[at] == LINE_FEED:
                return at
            at += 1
        at += 1
    return at


@jit
def _read_cells(  # noqa: C901, PLR0912 - one function: a call per number costs as much as parsing it
    text: Text,
    at: int,
    separator: int,
    decimal: int,
    selected: npt.NDArray[np.bool_],
    signs: npt.NDArray[np.float32],
    digits: npt.NDArray[np.uint64],
    powers: npt.NDArray[np.int64],
) -> bool:
    """Parses the cells after a key into sign, digits (one integer) and power of ten. Returns whether all were plain."""
    taken = 0
    for is_selected in selected:
        if text[at] != separator:
            return False
        at += 1
        if not is_selected:
            at = _skip_cell(text, at, separator)
            continue
        while text[at] == BLANK:
            at += 1
        signs[taken] = -1 if text[at] == MINUS else 1
        if text[at] in (MINUS, PLUS):
            at += 1
        number = np.uint64(0)
        first = at
        while np.uint8(text[at] - ZERO) < 10:
            if number >= MAX_BEFORE_DIGIT:
                return False
            number = number * np.uint64(10) + np.uint64(text[at] - ZERO)
            at += 1
        found = at - first
        power = 0
        if text[at] == decimal:
            at += 1
            first = at
            while np.uint8(text[at] - ZERO) < 10:
                if number >= MAX_BEFORE_DIGIT:
                    return False
                number = number * np.uint64(10) + np.uint64(text[at] - ZERO)
                at += 1
            power = first - at
            found -= power
        if found == 0:
            return False
        if text[at] in (SMALL_E, LARGE_E):
            at += 1
            is_small = text[at] == MINUS
            if text[at] in (MINUS, PLUS):
                at += 1
            exponent = 0
            first = at
            while np.uint8(text[at] - ZERO) < 10:
                exponent = min(exponent * 10 + int(text[at] - ZERO), 1_000)
                at += 1
            if at == first:
                return False
            power += -exponent if is_small else exponent
        while text[at] == BLANK:
            at += 1
        digits[taken] = number
        powers[taken] = power
        taken += 1
    return bool(text[at] == LINE_FEED)


@jit
def _round(
    values: npt.NDArray[np.float32], digits: npt.NDArray[np.uint64], powers: npt.NDArray[np.int64]
) -> bool:
    """Multiplies signs by digits and powers of ten. Returns whether all results are finite and correctly rounded.

    Up to 2**53 and 1e22, digits and power are exact, and one operation rounds once (Clinger, "How to read floating
    point numbers accurately", 1990). Beyond that the float64 may be off by two units in the last place; it is used if
    that does not change the float32.
    """
    for at in range(len(values)):
        power = powers[at] if digits[at] else 0
        if abs(power) >= len(POWERS):
            return False
        number = np.float64(digits[at])
        number = number / POWERS[-power] if power < 0 else number * POWERS[power]
        is_exact = digits[at] <= MAX_EXACT and abs(power) <= 22
        if not is_exact and np.float32(number * (1 - 2.0**-51)) != np.float32(number * (1 + 2.0**-51)):
            return False
        values[at] *= np.float32(number)
        if not np.isfinite(values[at]):
            return False
    return True


@jit
def read_rows(
    text: Text,
    at: int,
    separator: int,
    decimal: int,
    selected: npt.NDArray[np.bool_],
    values: npt.NDArray[np.float32],
    bounds: npt.NDArray[np.int64],
) -> None:
    """Parses `len(values)` rows of a key and numbers; `text` must hold that many.

    `text` is UTF-8 with lines that end in a line feed; `at` is the start of the first row. `separator` and `decimal`
    are the codes of ASCII characters. `selected` marks the cells after the key that are read; other cells are skipped.
    `bounds` receives the start of each row, the end of its key, and the end of the row after its line feed.

    The end of the key is NOT_PLAIN for a row that needs a slower parser: a wrong number of cells; a cell that is
    empty, quoted, not a number or beyond float32; a quoted or non-ASCII key; or a number that may be rounded wrongly.
    All other results equal `numpy.float32(float(cell))`.
    """
    digits = np.empty(values.shape[1], np.uint64)
    powers = np.empty(values.shape[1], np.int64)
    for row in range(len(values)):
        bounds[row, 0] = at
        is_plain = True
        while text[at] != separator and text[at] != LINE_FEED:
            is_plain = is_plain and text[at] != QUOTATION_MARK and text[at] < 128
            at += 1
        is_plain = is_plain and _read_cells(
            text, at, separator, decimal, selected, values[row], digits, powers
        )
        is_plain = is_plain and _round(values[row], digits, powers)
        bounds[row, 1] = at if is_plain else NOT_PLAIN
        while text[at] != LINE_FEED:
            at += 1
        at += 1
        bounds[row, 2] = at
