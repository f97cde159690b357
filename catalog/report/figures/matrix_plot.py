"""Heat map plots of count matrices: confusion matrix, and genres by clusters."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from catalog.arrays import Floats
from catalog.learning.scoring.model_metrics import ConfusionMatrix
from catalog.report.figures.cluster_genre_heatmap import ClusterMap
from catalog.report.figures.figure_files import FAINT, INCHES, INK, PlotWidth, figure_style, write_plot
from catalog.report.formatting import LONGEST_GENRE, safe_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_ANNOTATED = {"single": 10, "double": 20}
"""Rows or columns up to which the cells show their counts."""
DARK = 0.55
"""Share of a row from which the text of a cell is white."""


@dataclass(frozen=True)
class CountMatrix:
    """Tracks by row and column, with the titles of both axes."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    tracks: tuple[tuple[int, ...], ...]
    row_title: str
    column_title: str


def confusion_counts(confusion: ConfusionMatrix) -> CountMatrix:
    """The confusion matrix with its tagged genres as rows."""
    genres = confusion.genres
    return CountMatrix(genres, genres, confusion.tracks, "Tagged genre", "Predicted genre")


def cluster_counts(clusters: ClusterMap) -> CountMatrix:
    """The genres of a cluster run by its clusters."""
    return CountMatrix(
        rows=tuple(row.genre for row in clusters.rows),
        columns=tuple(name for name, _ in clusters.columns),
        tracks=tuple(tuple(cell.tracks for cell in row.cells) for row in clusters.rows),
        row_title="Tagged genre",
        column_title=f"Cluster ({clusters.algorithm}, {clusters.feature_set})",
    )


def write_matrix(matrix: CountMatrix, path: Path, width: PlotWidth = "double") -> Path:
    """Draws the matrix; returns the path of its data, a row per cell. Raises FigureWriteError."""
    cells = [
        {matrix.row_title: row, matrix.column_title: column, "Tracks": tracks}
        for row, counts in zip(matrix.rows, matrix.tracks, strict=True)
        for column, tracks in zip(matrix.columns, counts, strict=True)
    ]
    with figure_style():
        return write_plot(draw_matrix(matrix, width), cells, path)


def draw_matrix(matrix: CountMatrix, width: PlotWidth = "double") -> Figure:
    """A heat map whose color is the share of the row, 0 to 100 %; small matrices show the counts."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import PercentFormatter

    counts = np.array(matrix.tracks, dtype=np.float64).reshape(len(matrix.rows), len(matrix.columns))
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    inches = INCHES[width]
    cell = inches * 0.62 / max(len(matrix.columns), 4)
    height = 0.9 + min(max(cell * len(matrix.rows), 0.17 * len(matrix.rows)), inches * 1.2)
    figure = Figure(figsize=(inches, height), facecolor="white", layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    bar = figure.colorbar(image, ax=axes, pad=0.02, fraction=0.05)
    bar.ax.yaxis.set_major_formatter(PercentFormatter(1, symbol=" %"))
    bar.set_label("Share of the row")
    bar.outline.set_visible(False)
    _label_axes(axes, matrix)
    if max(counts.shape) <= MOST_ANNOTATED[width]:
        _annotate(axes, counts, shares)
    return figure


def _label_axes(axes: Axes, matrix: CountMatrix) -> None:
    names: Any = [[safe_text(name, LONGEST_GENRE) for name in side] for side in (matrix.columns, matrix.rows)]
    is_short = max((len(name) for name in names[0]), default=0) <= 3
    axes.set_xticks(range(len(names[0])), names[0])
    axes.set_yticks(range(len(names[1])), names[1])
    if not is_short:
        axes.tick_params(axis="x", rotation=45)
        for label in axes.get_xticklabels():
            label.set(ha="right", rotation_mode="anchor")
    axes.set(xlabel=matrix.column_title, ylabel=matrix.row_title)
    axes.tick_params(length=0)
    for label in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        label.set_color(INK)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _annotate(axes: Axes, counts: Floats, shares: Floats) -> None:
    for row, column in np.argwhere(counts > 0):
        color = "white" if shares[row, column] >= DARK else INK if shares[row, column] >= 0.02 else FAINT
        axes.text(column, row, f"{int(counts[row, column]):,}", ha="center", va="center", color=color)
