"""Plot of a calibration curve (reliability diagram) with the number of tracks in each bin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from catalog.learning.metrics.reliability import Reliability
from catalog.report.figures.figure_files import (
    ACCENT,
    FAINT,
    INCHES,
    RULE,
    SECOND,
    PlotWidth,
    figure_style,
    write_plot,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def write_calibration(curve: Sequence[Reliability], path: Path, width: PlotWidth = "single") -> Path:
    """Draws the curve; returns the path of its data. Raises FigureWriteError."""
    with figure_style():
        return write_plot(draw_calibration(curve, width), [asdict(point) for point in curve], path)


def draw_calibration(curve: Sequence[Reliability], width: PlotWidth = "single") -> Figure:
    """Accuracy against mean confidence, both 0 to 100 %; bars show the 95 % consistency interval of each bin."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import PercentFormatter

    inches = INCHES[width]
    if width == "single":
        figure = Figure(figsize=(inches, inches * 1.4), facecolor="white", layout="constrained")
        axes, counts = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
    else:
        figure = Figure(figsize=(inches, inches * 0.5), facecolor="white", layout="constrained")
        axes, counts = figure.subplots(1, 2)
    axes.plot([0, 1], [0, 1], color=FAINT, lw=0.8, ls=(0, (4, 3)), label="Perfect calibration")
    confidence = [point.mean_probability for point in curve]
    axes.vlines(
        confidence,
        [point.low for point in curve],
        [point.high for point in curve],
        color=SECOND,
        lw=4,
        alpha=0.25,
        label="95 % interval if calibrated",
    )
    accuracy = [point.accuracy for point in curve]
    axes.plot(confidence, accuracy, "o-", color=ACCENT, lw=1, ms=4.5, clip_on=False, label="Model")
    axes.set(xlim=(0, 1), ylim=(0, 1), ylabel="Accuracy")
    figure.legend(loc="outside upper left", frameon=False)
    counts.vlines(confidence, 0, [point.tracks for point in curve], color=SECOND, lw=4, alpha=0.7)
    counts.set(xlabel="Confidence (mean per bin)", ylabel="Tracks", xlim=(0, 1), ylim=(0, None))
    if width == "double":
        axes.set_xlabel("Confidence (mean per bin)")
    for one in (axes, counts):
        one.xaxis.set_major_formatter(PercentFormatter(1, symbol=" %"))
        one.grid(visible=True, color=RULE, lw=0.4)
        one.set_axisbelow(True)
    axes.yaxis.set_major_formatter(PercentFormatter(1, symbol=" %"))
    return figure
