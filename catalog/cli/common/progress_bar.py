"""Progress bar of a stage on a terminal: spinner, name, bar, count, one time, remark."""

from __future__ import annotations

import sys

from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, Task, TextColumn
from rich.text import Text

from catalog.text import describe_duration


class KnownTotalBar(ProgressColumn):
    """A bar for stages whose total is known; the others have only the spinner."""

    def __init__(self) -> None:
        super().__init__()
        self._bar = BarColumn()

    def render(self, task: Task) -> RenderableType:
        """Returns the bar, or nothing without a total."""
        return Text() if task.total is None else self._bar.render(task)


class TimeColumn(ProgressColumn):
    """The estimated time left, or the elapsed time where it cannot be estimated."""

    max_refresh = 0.5

    def render(self, task: Task) -> Text:
        """Returns the time as text."""
        left = task.time_remaining
        if task.total is not None and left is not None:
            return Text(f"{describe_duration(left)} left")
        return Text(describe_duration(task.elapsed or 0))


def make_bar(console: Console) -> Progress:
    """Returns a bar whose tasks have the fields `count` and `remark`. It disappears when it ends."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        KnownTotalBar(),
        TextColumn("{task.fields[count]}", markup=False),
        TimeColumn(),
        TextColumn("{task.fields[remark]}", markup=False),
        console=console,
        transient=True,
        # Where stdout is a file, its lines must not go to the console of the bar.
        redirect_stdout=sys.stdout.isatty(),
    )
