"""Style, widths and atomic writing of matplotlib figures, with the plotted data as CSV next to them."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from catalog.db.query.result_writers import write_csv
from catalog.errors import CatalogError
from catalog.files import atomic_write

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = ("png", "svg", "pdf")
PlotWidth = Literal["single", "double"]
PLOT_WIDTHS: tuple[PlotWidth, ...] = get_args(PlotWidth)
INCHES: Mapping[PlotWidth, float] = {"single": 3.5, "double": 7.2}
"""Widths of one and of two columns of a journal: 89 and 183 mm."""
INK, FAINT, RULE, ACCENT, SECOND = "#1d2129", "#6b7280", "#d9dce1", "#b3366b", "#3b6ea8"
FONTS = ("DejaVu Sans", "Noto Sans CJK JP", "Noto Sans", "Arial Unicode MS")
"""The first installed font, then the others as fallbacks for missing letters."""

STYLE: dict[str, Any] = {
    "font.size": 8.5,
    "text.color": INK,
    "text.parse_math": False,  # a dollar sign in a title is text
    "axes.edgecolor": RULE,
    "axes.labelcolor": FAINT,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.titlepad": 5,
    "axes.titley": 1.0,  # not above the drawing
    "xtick.color": RULE,
    "ytick.color": RULE,
    "xtick.labelcolor": FAINT,
    "ytick.labelcolor": FAINT,
    "xtick.major.size": 3,
    "ytick.major.size": 3,
    "svg.hashsalt": "catalog",
}


class FigureWriteError(CatalogError):
    """A figure could not be written."""


@contextmanager
def figure_style() -> Iterator[None]:
    """Figures drawn and written in this context have the style of the catalog."""
    from matplotlib import font_manager, rc_context

    installed = set(font_manager.get_font_names())
    family = [name for name in FONTS if name in installed] or ["sans-serif"]
    settings: Any = {**STYLE, "font.family": family}
    with rc_context(settings):
        yield


def figure_format(path: Path) -> str:
    """The format of the suffix: png, svg or pdf. Raises FigureWriteError for any other suffix."""
    suffix = path.suffix.lower().removeprefix(".")
    if suffix not in FORMATS:
        raise FigureWriteError(f"{path.name!r} has no supported suffix; use one of {', '.join(FORMATS)}")
    return suffix


def write_figure(figure: Figure, path: Path, *, dots_per_inch: int = 150) -> None:
    """Writes a figure in the format of the suffix. Raises FigureWriteError."""
    suffix = figure_format(path)
    # Without a date, the same figure gives the same bytes.
    metadata = {"png": {"Software": None}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}[suffix]
    try:
        with atomic_write(path) as file, warnings.catch_warnings():
            # A letter that no installed font has becomes a box.
            warnings.filterwarnings("ignore", message="Glyph .* missing from")
            figure.savefig(file, format=suffix, dpi=dots_per_inch, metadata=metadata)
    except OSError as error:
        raise FigureWriteError(
            f"the picture cannot be written to {path.parent}: {error.strerror}; choose another place"
        ) from error


def write_plot(figure: Figure, rows: Sequence[Mapping[str, Any]], path: Path) -> Path:
    """Writes a figure, and its data as CSV next to it; returns the path of the CSV file. Raises FigureWriteError."""
    data = path.with_suffix(".data.csv")
    write_figure(figure, path, dots_per_inch=300)
    columns = list(rows[0]) if rows else []
    try:
        with atomic_write(data) as file:
            write_csv(file, columns, (list(row.values()) for row in rows))
    except OSError as error:
        raise FigureWriteError(
            f"the data of the plot cannot be written to {data}: {error.strerror}; choose another place"
        ) from error
    return data
