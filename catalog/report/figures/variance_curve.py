"""The curve that says how much of the variance a projection holds, by its number of components."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from catalog.learning.pca_feature_set import ProjectionFacts
from catalog.report.figures.figure_files import ACCENT, FAINT, RULE, SECOND, figure_style, write_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def write_variance_curve(facts: ProjectionFacts, path: Path) -> None:
    """Draws the curve into a file. Raises FigureWriteError."""
    with figure_style():
        write_figure(draw_variance_curve(facts), path)


def draw_variance_curve(facts: ProjectionFacts) -> Figure:
    """The drawing, 8 by 4.5 inches."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import PercentFormatter

    figure = Figure(figsize=(8, 4.5), facecolor="white")
    axes = figure.add_axes((0.09, 0.12, 0.87, 0.72))
    axes.axhline(facts.variance_wanted, color=RULE, lw=1)
    axes.text(
        1.04, facts.variance_wanted - 0.01, f"{facts.variance_wanted:.0%}", color=FAINT, va="top", fontsize=8
    )
    _line(axes, facts.curve, SECOND, f"{facts.tracks:,} tracks it was fitted to")
    if facts.unseen_curve:
        _line(axes, facts.unseen_curve, ACCENT, f"{facts.unseen_tracks:,} tracks by other artists")
    axes.plot(facts.components, facts.variance_held, "o", color=SECOND, ms=5)
    axes.annotate(
        f"{facts.components} components\n{facts.variance_held:.1%}, within {facts.error:.1f} dB",
        (facts.components, facts.variance_held),
        xytext=(8, -8),
        textcoords="offset points",
        va="top",
    )
    axes.set_xscale("log")
    axes.set_xlim(1, len(facts.curve))
    axes.set_ylim(0, 1.02)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.set_xlabel("components")
    axes.legend(frameon=False, loc="lower right")
    figure.text(0.09, 0.925, "Variance of grid held by its principal components", fontsize=12, weight="bold")
    figure.text(0.09, 0.875, _words(facts), color=FAINT)
    return figure


def _words(facts: ProjectionFacts) -> str:
    if facts.unseen_variance_held is None:
        return "There are too few artists to say how well it holds what it has not seen."
    return f"Of artists it has not seen it holds {facts.unseen_variance_held:.0%}, within {facts.unseen_error:.1f} dB."


def _line(axes: Axes, curve: tuple[float, ...], color: str, label: str) -> None:
    axes.plot(range(1, len(curve) + 1), curve, color=color, lw=1.8, label=label)
