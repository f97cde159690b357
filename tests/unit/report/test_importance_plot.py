"""The scale of feature importance, and the plot."""

from pathlib import Path

import pytest

from catalog.report.figures.importance_plot import importance_scale, write_importance


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


def test_the_plot_names_every_feature_group(tmp_path: Path) -> None:
    write_importance(IMPORTANCE, tmp_path / "importance.svg")
    text = (tmp_path / "importance.svg").read_text()
    assert all(f"<!-- {name} -->" in text for name in ("MFCC", "tempo"))
