"""Plot of feature importance: two panels, a row per feature group, with confidence intervals."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalog.report.figures.figure_files import (
    ACCENT,
    INCHES,
    INK,
    RULE,
    SECOND,
    PlotWidth,
    figure_style,
    write_plot,
)
from catalog.report.formatting import safe_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANELS = (("permuted", "F1 loss when permuted", ACCENT), ("alone", "Macro F1 alone", SECOND))
LONGEST = 46
LEAST_SPAN = 0.01
"""Macro F1 that a scale shows at least, so that no bar looks long if all values are small."""


def write_importance(importance: Mapping[str, Any], path: Path, width: PlotWidth = "double") -> Path:
    """Draws the result of `model_importance`; returns the path of its data. Raises FigureWriteError."""
    rows = [
        {"feature_group": row["name"], **_columns("permuted", row), **_columns("alone", row)}
        for row in importance["feature_groups"]
    ]
    with figure_style():
        return write_plot(draw_importance(importance, width), rows, path)


def draw_importance(importance: Mapping[str, Any], width: PlotWidth = "double") -> Figure:
    """A figure with two panels, side by side or, in one column, one above the other."""
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    rows = importance["feature_groups"]
    panel = 0.65 + 0.2 * len(rows)
    is_wide = width == "double"
    # Tick labels at the ends of neighboring axes need room.
    layout = ConstrainedLayoutEngine(wspace=0.06)
    figure = Figure(
        figsize=(INCHES[width], panel if is_wide else 2 * panel), facecolor="white", layout=layout
    )
    shape = (1, 2) if is_wide else (2, 1)
    first, second = figure.subplots(*shape, sharey=True).flat
    for axes, (key, title, color) in zip((first, second), PANELS, strict=True):
        _draw_panel(axes, rows, key, color)
        axes.set_xlabel(title)
    first.set_yticks(range(len(rows)), [safe_text(row["name"], LONGEST) for row in rows])
    first.set_ylim(len(rows) - 0.4, -0.6)
    full = importance["full"]["value"]
    second.axvline(full, color=INK, lw=0.8, ls=(0, (4, 3)))
    second.set_xlim(0, max(second.get_xlim()[1], full * 1.05))
    second.annotate(
        f"all groups {full:.2f}",
        (full, 1),
        xycoords=("data", "axes fraction"),
        xytext=(-3, 2),
        textcoords="offset points",
        ha="right",
        va="bottom",
        color=INK,
        annotation_clip=False,
    )
    return figure


def _draw_panel(axes: Axes, rows: Any, key: str, color: str) -> None:
    axes.axvline(0, color=RULE, lw=1)
    for at, row in enumerate(rows):
        score = row[key]
        axes.plot([score["low"], score["high"]], [at, at], color=color, lw=2, alpha=0.45)
        axes.plot(score["value"], at, "o", color=color, ms=4.5)
    axes.locator_params(axis="x", nbins=5)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def _columns(name: str, row: Mapping[str, Any]) -> dict[str, float]:
    score = row[name]
    return {name: score["value"], f"{name}_low": score["low"], f"{name}_high": score["high"]}


def importance_scale(importance: Mapping[str, Any], key: str) -> tuple[float, float]:
    """The range, 0 in it, of all values of `permuted` or `alone` with their intervals."""
    ends = [row[key][end] for row in importance["feature_groups"] for end in ("low", "value", "high")]
    least, most = min([0.0, *ends]), max([0.0, *ends])
    return least, max(most, least + LEAST_SPAN)
