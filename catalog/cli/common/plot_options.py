"""Options `--plot` and `--plot-width` of the commands that draw a plot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from catalog.report.figures.figure_files import PLOT_WIDTHS, figure_format

Command = TypeVar("Command", bound=Callable[..., Any])


def plot_options(subject: str, *, width: str = "single") -> Callable[[Command], Command]:
    """Adds the options for a plot of the subject, such as `the clusters`. A wrong suffix ends the command early."""

    def add(command: Command) -> Command:
        command = click.option(
            "--plot-width",
            type=click.Choice(PLOT_WIDTHS),
            default=width,
            help="Width of the plot: one or two columns of a journal (89 or 183 mm).",
        )(command)
        return click.option(
            "--plot",
            type=click.Path(path_type=Path, dir_okay=False),
            metavar="FILE",
            callback=_check_suffix,
            help=f"Draw {subject} into FILE (png, svg or pdf), with its data next to it as CSV.",
        )(command)

    return add


def _check_suffix(_context: click.Context, _option: click.Parameter, path: Path | None) -> Path | None:
    if path is not None:
        figure_format(path)
    return path
