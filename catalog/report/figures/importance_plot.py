"""Plot of feature importance: two panels, a row per feature group, with confidence intervals."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalog.report.figures.figure_files import ACCENT, FAINT, INK, RULE, SECOND, figure_style, write_figure
from catalog.report.formatting import safe_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANELS = (("permuted", "lost when permuted", ACCENT), ("alone", "reached alone", SECOND))
LONGEST = 46
LEAST_SPAN = 0.01
"""Macro F1 that a scale shows at least, so that no bar looks long if all values are small."""


def write_importance(importance: Mapping[str, Any], path: Path) -> None:
    """Draws the result of `model_importance` into a file. Raises FigureWriteError."""
    with figure_style():
        write_figure(draw_importance(importance), path)


def draw_importance(importance: Mapping[str, Any]) -> Figure:
    """A figure 11 inches wide, with a third of an inch for each feature group."""
    from matplotlib.figure import Figure

    rows = importance["feature_groups"]
    height = 1.5 + 0.3 * len(rows)
    figure = Figure(figsize=(11, height), facecolor="white")
    bottom, top = 0.55 / height, 1 - 0.95 / height
    first: Axes | None = None
    for place, (key, title, color) in enumerate(PANELS):
        axes = figure.add_axes((0.3 + 0.35 * place, bottom, 0.33, top - bottom), sharey=first)
        axes.axvline(0, color=RULE, lw=1)
        for at, row in enumerate(rows):
            score = row[key]
            axes.plot([score["low"], score["high"]], [at, at], color=color, lw=2.2, alpha=0.45)
            axes.plot(score["value"], at, "o", color=color, ms=5.5)
        axes.set_title(title, loc="left")
        axes.set_xlabel("macro F1")
        if first is None:
            first = axes
            axes.set_yticks(range(len(rows)), [safe_text(row["name"], LONGEST) for row in rows])
        else:
            axes.tick_params(labelleft=False)
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
    assert first is not None
    first.set_ylim(len(rows) - 0.4, -0.6)
    # The last panel shows scores; its dashed line is the score by all feature groups.
    full = importance["full"]["value"]
    axes.axvline(full, color=INK, lw=0.8, ls=(0, (4, 3)))
    axes.set_xlim(0, max(axes.get_xlim()[1], full * 1.05))
    figure.text(0.012, 1 - 0.34 / height, "Feature importance", fontsize=12, weight="bold")
    figure.text(
        0.012,
        1 - 0.6 / height,
        f"{safe_text('+'.join(importance['feature_sets']))}, {importance['tracks']:,} tracks, artists apart; "
        f"macro F1 by all feature groups {full:.2f} (dashed). Lines: 95 % interval (bootstrap over artists).",
        color=FAINT,
    )
    return figure


def importance_scale(importance: Mapping[str, Any], key: str) -> tuple[float, float]:
    """The range, 0 in it, of all values of `permuted` or `alone` with their intervals."""
    ends = [row[key][end] for row in importance["feature_groups"] for end in ("low", "value", "high")]
    least, most = min([0.0, *ends]), max([0.0, *ends])
    return least, max(most, least + LEAST_SPAN)
