"""The scale of feature importance, and the plot."""

from itertools import combinations
from pathlib import Path

import pytest

from catalog.report.figures.figure_files import PLOT_WIDTHS, PlotWidth, figure_style
from catalog.report.figures.importance_plot import draw_importance, importance_scale, write_importance


def score(value: float, low: float, high: float) -> dict[str, float]:
    return {"value": value, "low": low, "high": high}


IMPORTANCE = {
    "feature_sets": ["summary"],
    "tracks": 40,
    "full": score(0.9, 0.8, 1.0),
    "feature_groups": [
        {"name": "MFCC", "permuted": score(-0.01, -0.2, 0.03), "alone": score(0.5, 0.4, 0.6)},
        {"name": "tempo", "permuted": score(0.0, 0.0, 0.0), "alone": score(0.9, 0.8, 0.7)},
    ],
}


def test_the_scale_holds_zero_and_every_value_with_its_interval() -> None:
    assert importance_scale(IMPORTANCE, "permuted") == (-0.2, 0.03)
    assert importance_scale(IMPORTANCE, "alone") == (0.0, 0.9)


@pytest.mark.parametrize("groups", [[], [{"alone": score(0.0, 0.0, 0.0)}]])
def test_a_scale_without_differences_has_a_length(groups: list[dict[str, dict[str, float]]]) -> None:
    least, most = importance_scale({"feature_groups": groups}, "alone")
    assert least == 0
    assert most > 0


@pytest.mark.parametrize("width", PLOT_WIDTHS)
def test_the_plot_names_every_feature_group(tmp_path: Path, width: PlotWidth) -> None:
    data = write_importance(IMPORTANCE, tmp_path / "importance.svg", width)
    text = (tmp_path / "importance.svg").read_text()
    assert all(f"<!-- {name} -->" in text for name in ("MFCC", "tempo"))
    assert data.read_text().splitlines()[1] == "MFCC,-0.01,-0.2,0.03,0.5,0.4,0.6"


@pytest.mark.parametrize("width", PLOT_WIDTHS)
def test_no_labels_collide(width: PlotWidth) -> None:
    with figure_style():
        figure = draw_importance(IMPORTANCE, width)
        figure.draw_without_rendering()
        for axes in figure.axes:
            for axis in (axes.xaxis, axes.yaxis):
                low, high = sorted(axis.get_view_interval())
                ticks = [tick for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
                labels = [tick.label1.get_window_extent() for tick in ticks if tick.label1.get_visible()]
                assert all(not one.overlaps(other) for one, other in combinations(labels, 2))
                assert all(box.x0 >= 0 and box.x1 <= figure.bbox.x1 for box in labels)
