"""The plot of a calibration curve."""

from pathlib import Path

from catalog.learning.metrics.reliability import Reliability
from catalog.report.figures.calibration_plot import draw_calibration, write_calibration
from catalog.report.figures.figure_files import INCHES

CURVE = (Reliability(30, 0.4, 0.5, 0.2, 0.6), Reliability(31, 0.8, 0.7, 0.65, 0.95))


def test_axes_have_titles_and_percent_ticks() -> None:
    axes, counts = draw_calibration(CURVE).axes
    assert axes.get_ylabel() == "Accuracy"
    assert counts.get_xlabel() == "Confidence (mean per bin)"
    assert counts.xaxis.get_major_formatter()(0.5) == "50 %"
    assert [line.get_ydata().tolist() for line in axes.lines][1] == [0.5, 0.7]


def test_a_double_width_has_the_panels_side_by_side() -> None:
    figure = draw_calibration(CURVE, "double")
    assert figure.get_size_inches()[0] == INCHES["double"]
    assert [axes.get_xlabel() for axes in figure.axes] == ["Confidence (mean per bin)"] * 2


def test_the_data_has_a_row_per_bin(tmp_path: Path) -> None:
    data = write_calibration(CURVE, tmp_path / "calibration.pdf")
    assert data.read_text().splitlines() == [
        "tracks,mean_probability,accuracy,low,high",
        "30,0.4,0.5,0.2,0.6",
        "31,0.8,0.7,0.65,0.95",
    ]
    assert (tmp_path / "calibration.pdf").read_bytes().startswith(b"%PDF")
