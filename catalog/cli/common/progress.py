"""Progress of long commands on stderr: a bar on a terminal, else one line when a stage starts and one when it ends."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from catalog.cli.common.output import is_quiet, logs_json
from catalog.text import describe_duration, printable

if TYPE_CHECKING:
    from rich.progress import Progress

log = logging.getLogger("catalog")

Advance = Callable[[int, int | None, str], None]
"""Takes the number of done items, their total or None, and a remark."""


START_DELAY = 1.0
"""Seconds until the start of a stage is printed: a command that fails immediately prints only its error."""


class StageProgress:
    """Progress of a command that passes through named stages; shows nothing itself."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names
        self._label = ""

    def start(self, name: str) -> None:
        """Ends the current stage and starts another one; a stage that is current already goes on."""
        number = f"{self._names.index(name) + 1} of {len(self._names)} " if len(self._names) > 1 else ""
        label = number + printable(name)
        if label != self._label:
            self.end()
            self._label = label
            self._show_start(label)

    def advance(self, done: int, total: int | None, remark: str = "") -> None:
        """Shows the number of done items of the current stage, their total if it is known, and a remark."""

    def end(self) -> None:
        """Ends the current stage."""
        if self._label:
            self._show_end(self._label)
        self._label = ""

    def stop(self) -> None:
        """Stops showing a stage that failed."""

    def _show_start(self, label: str) -> None:
        pass

    def _show_end(self, label: str) -> None:
        pass


class LineProgress(StageProgress):
    """Prints a line when a stage starts and one when it ends, with its duration."""

    def __init__(self, names: tuple[str, ...], print_line: Callable[[str], None]) -> None:
        super().__init__(names)
        self._print_line = print_line
        self._began = 0.0
        self._timer: threading.Timer | None = None

    def stop(self) -> None:
        """Stops showing a stage that failed."""
        if self._timer is not None:
            self._timer.cancel()

    def _show_start(self, label: str) -> None:
        self._began = time.monotonic()
        self._timer = threading.Timer(START_DELAY, self._print_line, [f"{label} ..."])
        self._timer.daemon = True
        self._timer.start()

    def _show_end(self, label: str) -> None:
        self.stop()
        self._print_line(f"{label}: done in {describe_duration(time.monotonic() - self._began)}")


class BarProgress(StageProgress):
    """Shows the current stage as a bar on a terminal."""

    def __init__(self, names: tuple[str, ...], bar: Progress) -> None:
        super().__init__(names)
        self._bar = bar

    def advance(self, done: int, total: int | None, remark: str = "") -> None:
        """Shows the number of done items of the current stage, their total if it is known, and a remark."""
        count = f"{done:,}" if total is None else f"{done:,}/{total:,}"
        for task in self._bar.task_ids:
            self._bar.update(
                task,
                completed=done,
                total=total,
                count=count if done or total else "",
                remark=printable(remark),
            )

    def _show_start(self, label: str) -> None:
        self._bar.add_task(label, total=None, count="", remark="")

    def _show_end(self, label: str) -> None:  # noqa: ARG002
        for task in self._bar.task_ids:
            self._bar.remove_task(task)


@contextmanager
def stage_progress(*names: str) -> Iterator[StageProgress]:
    """Yields the progress of a command with these stages, in their order. Nothing is shown with --quiet."""
    if is_quiet():
        yield StageProgress(names)
        return
    from rich.console import Console

    console = Console(stderr=True)
    if console.is_terminal and not logs_json():
        from catalog.cli.common.progress_bar import make_bar

        with make_bar(console) as bar:
            yield BarProgress(names, bar)
        return
    lines = LineProgress(names, log.info if logs_json() else _print_line)
    try:
        yield lines
        lines.end()
    finally:
        lines.stop()


def _print_line(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


@contextmanager
def progress(name: str) -> Iterator[Advance]:
    """Shows the progress of a command with one stage. Yields the function that advances it."""
    with stage_progress(name) as stages:
        stages.start(name)
        yield stages.advance
