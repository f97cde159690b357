"""Plot of the explained variance of a PCA by its number of components."""

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
    axes.axhline(facts.target_variance, color=RULE, lw=1)
    axes.text(
        1.04, facts.target_variance - 0.01, f"{facts.target_variance:.0%}", color=FAINT, va="top", fontsize=8
    )
    _line(axes, facts.curve, SECOND, f"{facts.tracks:,} fitted tracks")
    if facts.held_out_curve:
        _line(axes, facts.held_out_curve, ACCENT, f"{facts.held_out_tracks:,} tracks by other artists")
    axes.plot(facts.components, facts.explained_variance, "o", color=SECOND, ms=5)
    axes.annotate(
        f"{facts.components} components\n{facts.explained_variance:.1%}, error {facts.error:.1f} dB",
        (facts.components, facts.explained_variance),
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
    figure.text(
        0.09, 0.925, "Explained variance of grid by its principal components", fontsize=12, weight="bold"
    )
    figure.text(0.09, 0.875, _summary(facts), color=FAINT)
    return figure


def _summary(facts: ProjectionFacts) -> str:
    if facts.held_out_explained_variance is None:
        return "Too few artists to measure the explained variance on other artists."
    share, error = facts.held_out_explained_variance, facts.held_out_error
    return f"On other artists it explains {share:.0%}, with an error of {error:.1f} dB."


def _line(axes: Axes, curve: tuple[float, ...], color: str, label: str) -> None:
    axes.plot(range(1, len(curve) + 1), curve, color=color, lw=1.8, label=label)
