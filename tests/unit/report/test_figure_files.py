"""Figure files: formats, reproducible bytes, errors in one line."""

from __future__ import annotations

from pathlib import Path

import pytest
from matplotlib.figure import Figure

from catalog.report.figures.figure_files import (
    FORMATS,
    FigureWriteError,
    figure_format,
    figure_style,
    write_figure,
)


def draw(path: Path) -> bytes:
    with figure_style():
        figure = Figure((2, 1))
        figure.subplots().set_title("A $dollar$ title")
        write_figure(figure, path, dots_per_inch=30)
    return path.read_bytes()


@pytest.mark.parametrize("suffix", FORMATS)
def test_the_same_figure_gives_the_same_bytes(tmp_path: Path, suffix: str) -> None:
    assert draw(tmp_path / f"a.{suffix}") == draw(tmp_path / f"b.{suffix}")


def test_the_suffix_selects_the_format(tmp_path: Path) -> None:
    assert figure_format(Path("a.PNG")) == "png"
    for name in ("a.jpg", "a"):
        with pytest.raises(FigureWriteError, match="no supported suffix"):
            figure_format(Path(name))
    with pytest.raises(FigureWriteError, match="cannot be written"):
        draw(tmp_path / "missing" / "a.png")
