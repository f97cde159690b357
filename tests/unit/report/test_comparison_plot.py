"""The plot of two models."""

from pathlib import Path

from catalog.learning.scoring.model_comparison import GenreComparison, ModelComparison
from catalog.report.figures.comparison_plot import draw_comparison, write_comparison

COMPARISON = ModelComparison(
    model_id=3,
    other_id=7,
    answered=5,
    changed=0,
    scored=5,
    accuracy=(0.8, 0.6),
    macro_f1=None,
    flows=(),
    genres=(GenreComparison("Jazz", 4, 0.9, 0.5), GenreComparison("Rock", 1, 0.2, 0.3)),
)


def test_each_genre_is_a_row_with_both_scores() -> None:
    figure = draw_comparison(COMPARISON)
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["Jazz (4)", "Rock (1)"]
    assert [list(line.get_xdata()) for line in axes.lines[:2]] == [[0.9, 0.2], [0.5, 0.3]]  # type: ignore[arg-type]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["Model 3", "Model 7"]


def test_the_data_is_a_row_per_genre(tmp_path: Path) -> None:
    data = write_comparison(COMPARISON, tmp_path / "comparison.png")
    assert data.read_text().splitlines() == ["genre,tracks,f1,other_f1", "Jazz,4,0.9,0.5", "Rock,1,0.2,0.3"]
