"""Rows of decimal numbers between commas, read into float32 by a compiled loop: no object for each number."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from catalog.audio.jit import jit

Text = npt.NDArray[np.uint8]

POWERS = np.array([float(f"1e{exponent}") for exponent in range(65)])
"""Those up to 1e22 are exact, all others the nearest there is."""
COMMA, LINE_FEED, BLANK, QUOTATION_MARK = ord(","), ord("\n"), ord(" "), ord('"')
PLUS, MINUS, POINT, NOUGHT, SMALL_E, LARGE_E = map(ord, "+-.0eE")
MOST_BEFORE_A_DIGIT = np.uint64(10**18)
"""With one more digit it still fits 64 bits."""
MOST_EXACT = np.uint64(2**53)
"""Up to this every whole number is a float64."""
NOT_PLAIN = -1


@jit
def _pass_over(text: Text, at: int) -> int:
    """The place behind a cell, or of the line's end that a cell in quotation marks goes beyond."""
    if text[at] != QUOTATION_MARK:
        while text[at] != COMMA and text[at] != LINE_FEED:
            at += 1
        return at
    # A quotation mark within the cell is doubled: it ends the cell and begins it again.
    while text[at] == QUOTATION_MARK:
        at += 1
        while text[at] != QUOTATION_MARK:
            if text[at] == LINE_FEED:
                return at
            at += 1
        at += 1
    return at


@jit
def _read_cells(  # noqa: C901, PLR0912 - in one piece: a call for each number costs as much as reading it
    text: Text,
    at: int,
    wanted: npt.NDArray[np.bool_],
    signs: npt.NDArray[np.float32],
    digits: npt.NDArray[np.uint64],
    powers: npt.NDArray[np.int64],
) -> bool:
    """Reads the cells behind a key: of each that is wanted the sign, the digits as one whole number, and the power of ten
    that it is to be multiplied by. Gives whether all were plain.
    """
    taken = 0
    for is_wanted in wanted:
        if text[at] != COMMA:
            return False
        at += 1
        if not is_wanted:
            at = _pass_over(text, at)
            continue
        while text[at] == BLANK:
            at += 1
        signs[taken] = -1 if text[at] == MINUS else 1
        if text[at] in (MINUS, PLUS):
            at += 1
        number = np.uint64(0)
        first = at
        while np.uint8(text[at] - NOUGHT) < 10:
            if number >= MOST_BEFORE_A_DIGIT:
                return False
            number = number * np.uint64(10) + np.uint64(text[at] - NOUGHT)
            at += 1
        found = at - first
        power = 0
        if text[at] == POINT:
            at += 1
            first = at
            while np.uint8(text[at] - NOUGHT) < 10:
                if number >= MOST_BEFORE_A_DIGIT:
                    return False
                number = number * np.uint64(10) + np.uint64(text[at] - NOUGHT)
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
            while np.uint8(text[at] - NOUGHT) < 10:
                exponent = min(exponent * 10 + int(text[at] - NOUGHT), 1_000)
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
    """Multiplies signs by digits and powers of ten; gives whether all are finite and certain.

    Up to 2**53 and 1e22 digits and power are exact, and one operation rounds once (Clinger, How to read floating point
    numbers accurately, 1990). Beyond that the float64 may be wrong by two units in its last place, and is taken where
    that makes no other float32.
    """
    for at in range(len(values)):
        power = powers[at] if digits[at] else 0
        if abs(power) >= len(POWERS):
            return False
        number = np.float64(digits[at])
        number = number / POWERS[-power] if power < 0 else number * POWERS[power]
        is_exact = digits[at] <= MOST_EXACT and abs(power) <= 22
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
    wanted: npt.NDArray[np.bool_],
    values: npt.NDArray[np.float32],
    bounds: npt.NDArray[np.int64],
) -> None:
    """Reads as many rows of a key and numbers as `values` has; there must be as many.

    `text` is UTF-8 whose lines all end with a line feed, and `at` where the first row begins. `wanted` says of each cell
    behind the key whether it is a number to take; others are passed over. `bounds` gets where each row begins, where
    its key ends, and where it ends behind its line feed.

    The key's end is NOT_PLAIN for a row that is left to slower and better judges: one with more or fewer cells, with a
    cell that is empty, quoted, no number or beyond float32, with quotation marks or letters beyond ASCII in the key, or with
    a number whose float32 is not certain. All others are what `numpy.float32(float(cell))` gives.
    """
    digits = np.empty(values.shape[1], np.uint64)
    powers = np.empty(values.shape[1], np.int64)
    for row in range(len(values)):
        bounds[row, 0] = at
        is_plain = True
        while text[at] != COMMA and text[at] != LINE_FEED:
            is_plain = is_plain and text[at] != QUOTATION_MARK and text[at] < 128
            at += 1
        is_plain = is_plain and _read_cells(text, at, wanted, values[row], digits, powers)
        is_plain = is_plain and _round(values[row], digits, powers)
        bounds[row, 1] = at if is_plain else NOT_PLAIN
        while text[at] != LINE_FEED:
            at += 1
        at += 1
        bounds[row, 2] = at
