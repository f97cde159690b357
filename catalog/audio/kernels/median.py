"""Running medians: a sorted window per column, slid down the rows of a matrix, sixteen columns at a time."""

from typing import Any

import numpy as np
import numpy.typing as npt
from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.extending import intrinsic

from catalog.arrays import Float32
from catalog.audio.jit import jit

KERNEL = 31  # rows under the window
_LANES = 16  # columns in a vector; LLVM splits it where the processor has narrower ones
_STRIP = 64  # columns done in one sweep down the rows: four vectors, so that whole cache lines are used


def running_median(matrix: Float32, result: Float32 | None = None) -> Float32:
    """The median of each column under 31 rows centered at each row, the ends mirrored (d c b a | a b c d | d c b a).

    The same numbers as `scipy.ndimage.median_filter(matrix, size=(31, 1), mode="reflect")`, for a C-ordered float32
    matrix without NaN. `result`, of the same shape and order, is filled where it is given.
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
    """Take the 16 values at source[leaving] out of 16 sorted windows, put those at source[entering] in.

    A window is 31 vectors in ascending order, from window[offset] on. With the leaving value `o`, the entering `n`
    and `e[i] = w[i] if w[i] < o else w[i + 1]` (what remains), the new window is `max(e[i - 1], min(e[i], n))`: no
    branches, no search, and all lanes in step. Written out for LLVM because its loop vectorizer takes the wrong one
    of the two nested loops, which is thirteen times slower.
    """

    def generate(target: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        window_type, _, source_type, _, _ = signature.args
        window_value, start, source_value, leaves, enters = arguments
        vector = ir.VectorType(ir.FloatType(), _LANES)
        into = target.make_array(window_type)(target, builder, window_value).data
        of = target.make_array(source_type)(target, builder, source_value).data

        def pointer(base: Any, index: Any) -> Any:
            return builder.bitcast(builder.gep(base, [index]), vector.as_pointer())

        def place(row: int) -> Any:
            return pointer(into, builder.add(start, ir.Constant(start.type, row * _LANES)))

        def choose(relation: str, left: Any, right: Any) -> Any:
            return builder.select(builder.fcmp_ordered(relation, left, right), left, right)

        old = builder.load(pointer(of, leaves), align=4)
        new = builder.load(pointer(of, enters), align=4)
        here = builder.load(place(0), align=4)
        below = None
        for row in range(KERNEL - 1):
            above = builder.load(place(row + 1), align=4)
            stays = builder.select(builder.fcmp_ordered("<", here, old), here, above)
            value = choose("<", stays, new)
            builder.store(value if below is None else choose(">", value, below), place(row), align=4)
            below, here = stays, above
        builder.store(choose(">", new, below), place(KERNEL - 1), align=4)
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
                    # numba hands the typing context over by itself
                    _replace(window, lane * KERNEL, matrix, leaving, entering)  # type: ignore[call-arg]
                middle = (lane * KERNEL) + KERNEL // 2 * _LANES
                place = row * columns + left + lane
                for column in range(_LANES):
                    result[place + column] = window[middle + column]
