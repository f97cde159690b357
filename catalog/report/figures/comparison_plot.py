"""Plot of two models: the F1 score of each genre on common tracks, and macro F1."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from catalog.learning.scoring.model_comparison import ModelComparison
from catalog.report.figures.figure_files import (
    ACCENT,
    INCHES,
    RULE,
    SECOND,
    PlotWidth,
    figure_style,
    write_plot,
)
from catalog.report.formatting import LONGEST_GENRE, safe_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def write_comparison(comparison: ModelComparison, path: Path, width: PlotWidth = "single") -> Path:
    """Draws the comparison; returns the path of its data. Raises FigureWriteError."""
    with figure_style():
        return write_plot(
            draw_comparison(comparison, width), [asdict(genre) for genre in comparison.genres], path
        )


def draw_comparison(comparison: ModelComparison, width: PlotWidth = "single") -> Figure:
    """A row per genre, most tracks first: F1 of both models, 0 to 1, joined by a line; the last row is macro F1."""
    from matplotlib.figure import Figure

    rows = [
        (f"{safe_text(row.genre, LONGEST_GENRE)} ({row.tracks:,})", row.f1, row.other_f1)
        for row in comparison.genres
    ]
    if (macro := comparison.macro_f1) is not None:
        rows.append(("Macro F1", macro.champion, macro.challenger))
    figure = Figure(figsize=(INCHES[width], 0.9 + 0.2 * len(rows)), facecolor="white", layout="constrained")
    axes = figure.subplots()
    places = range(len(rows))
    axes.hlines(places, [row[1] for row in rows], [row[2] for row in rows], color=RULE, lw=2.5)
    axes.plot([row[1] for row in rows], places, "o", color=SECOND, ms=5, label=f"Model {comparison.model_id}")
    axes.plot([row[2] for row in rows], places, "o", color=ACCENT, ms=5, label=f"Model {comparison.other_id}")
    axes.set_yticks(places, [row[0] for row in rows])
    axes.set(xlim=(-0.02, 1.02), ylim=(len(rows) - 0.4, -0.6), xlabel="F1 (out of fold)")
    axes.axhline(len(comparison.genres) - 0.5, color=RULE, lw=0.8)
    axes.grid(visible=True, axis="x", color=RULE, lw=0.4)
    axes.set_axisbelow(True)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    figure.legend(loc="outside upper left", ncols=2, frameon=False)
    return figure
