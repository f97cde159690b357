"""Heat map plots of count matrices."""

from pathlib import Path

from catalog.learning.scoring.model_metrics import ConfusionMatrix
from catalog.report.figures.matrix_plot import confusion_counts, draw_matrix, write_matrix

CONFUSION = ConfusionMatrix(("Jazz", "=Rock"), ((8, 2), (0, 5)))


def test_the_plot_has_both_genres_and_the_data_is_a_row_per_cell(tmp_path: Path) -> None:
    data = write_matrix(confusion_counts(CONFUSION), tmp_path / "confusion.svg")
    drawing = (tmp_path / "confusion.svg").read_text()
    assert all(f"<!-- {text} -->" in drawing for text in ("Jazz", "=Rock", "Tagged genre", "Predicted genre"))
    assert data.name == "confusion.data.csv"
    assert data.read_text().split() == [
        "Tagged", "genre,Predicted", "genre,Tracks", "Jazz,Jazz,8", "Jazz,'=Rock,2", "'=Rock,Jazz,0", "'=Rock,'=Rock,5",
    ]  # fmt: skip


def test_a_large_matrix_shows_no_counts() -> None:
    genres = tuple(f"genre {number}" for number in range(30))
    large = ConfusionMatrix(genres, tuple(tuple(range(30)) for _ in genres))
    few, many = (draw_matrix(confusion_counts(matrix)).axes[0].texts for matrix in (CONFUSION, large))
    assert [text.get_text() for text in few] == ["8", "2", "5"]
    assert not many
