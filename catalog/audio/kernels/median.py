"""Running medians: a sorted window per column moves down the rows of a matrix, sixteen columns at a time.

Not `scipy.ndimage.median_filter`, which takes ten times as long.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from catalog.arrays import Float32
from catalog.audio.jit import jit

KERNEL = 31  # rows in the window
_LANES = 16  # columns per vector; LLVM splits it for processors with narrower vectors
_STRIP = 64  # columns per sweep down the rows: four vectors, so that whole cache lines are used


def running_median(matrix: Float32, result: Float32 | None = None) -> Float32:
    """The median of each column under 31 rows centered at each row, the ends mirrored (d c b a | a b c d | d c b a).

    The same numbers as `scipy.ndimage.median_filter(matrix, size=(31, 1), mode="reflect")`, for a C-ordered float32
    matrix without NaN. `result`, if given, has the same shape and order and is filled.
    """
    rows, columns = matrix.shape
    if columns < _STRIP:
        widened = np.zeros((rows, _STRIP), np.float32)
        widened[:, :columns] = matrix
        narrow = running_median(widened)[:, :columns]
        if result is None:
            return np.ascontiguousarray(narrow)
        result[:] = narrow
        return result
    mirrored = np.pad(np.arange(rows), KERNEL // 2, mode="symmetric")
    if result is None:
        result = np.empty_like(matrix)
    _medians(matrix.reshape(-1), mirrored, columns, result.reshape(-1))
    return result


@intrinsic
def _replace(
    context: Any,  # noqa: ARG001 -- numba's signature
    window: Any,
    offset: Any,
    source: Any,
    leaving: Any,
    entering: Any,
) -> tuple[Any, Any]:
    """Removes the 16 values at source[leaving] from 16 sorted windows and inserts those at source[entering].

    A window is 31 vectors in ascending order, starting at window[offset]. With the leaving value `o`, the entering
    `n` and `e[i] = w[i] if w[i] < o else w[i + 1]` (the remaining values), the new window is `max(e[i - 1], min(e[i],
    n))`: no branches, no search, all lanes in step. Written in LLVM IR because LLVM's loop vectorizer chooses the
    wrong one of the two nested loops, which is thirteen times slower.
    """

    def generate(target: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        window_type, _, source_type, _, _ = signature.args
        window_value, start, source_value, leaves, enters = arguments
        vector = ir.VectorType(ir.FloatType(), _LANES)
        into = target.make_array(window_type)(target, builder, window_value).data
        of = target.make_array(source_type)(target, builder, source_value).data

        def pointer(base: Any, index: Any) -> Any:
            return builder.bitcast(builder.gep(base, [index]), vector.as_pointer())

        def slot(row: int) -> Any:
            return pointer(into, builder.add(start, ir.Constant(start.type, row * _LANES)))

        def choose(relation: str, left: Any, right: Any) -> Any:
            return builder.select(builder.fcmp_ordered(relation, left, right), left, right)

        old = builder.load(pointer(of, leaves), align=4)
        new = builder.load(pointer(of, enters), align=4)
        current = builder.load(slot(0), align=4)
        below = None
        for row in range(KERNEL - 1):
            above = builder.load(slot(row + 1), align=4)
            remaining = builder.select(builder.fcmp_ordered("<", current, old), current, above)
            value = choose("<", remaining, new)
            builder.store(value if below is None else choose(">", value, below), slot(row), align=4)
            below, current = remaining, above
        builder.store(choose(">", new, below), slot(KERNEL - 1), align=4)
        return target.get_dummy_value()

    return types.void(window, offset, source, leaving, entering), generate


@jit
def _medians(matrix: Float32, mirrored: npt.NDArray[np.int64], columns: int, result: Float32) -> None:
    rows = len(result) // columns
    window = np.empty(_STRIP * KERNEL, np.float32)
    for strip in range(0, columns, _STRIP):
        left = min(strip, columns - _STRIP)  # the last strip overlaps the one before
        window[:] = np.inf
        for row in range(KERNEL):
            for column in range(_STRIP):
                lane = column // _LANES * _LANES * KERNEL + column % _LANES
                value = matrix[mirrored[row] * columns + left + column]
                for rank in range(KERNEL):
                    other = window[lane + rank * _LANES]
                    window[lane + rank * _LANES] = min(value, other)
                    value = max(value, other)
        for row in range(rows):
            for lane in range(0, _STRIP, _LANES):
                if row > 0:
                    leaving = mirrored[row - 1] * columns + left + lane
                    entering = mirrored[row + KERNEL - 1] * columns + left + lane
                    # numba passes the typing context
                    _replace(window, lane * KERNEL, matrix, leaving, entering)  # type: ignore[call-arg]
                middle = (lane * KERNEL) + KERNEL // 2 * _LANES
                slot = row * columns + left + lane
                for column in range(_LANES):
                    result[slot + column] = window[middle + column]
