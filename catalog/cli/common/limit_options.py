"""Limits of time and memory per track, for the commands that analyze tracks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

Function = TypeVar("Function", bound=Callable[..., Any])

MIN_MEMORY_MB = 64


def limit_options(function: Function) -> Function:
    """Adds --time-limit and --memory-limit; the command receives `time_limit` and `memory_limit`."""
    function = click.option(
        "--memory-limit",
        type=click.IntRange(min=MIN_MEMORY_MB),
        default=2048,
        metavar="MB",
        help="Memory limit per track; a track that needs more fails.",
    )(function)
    return click.option(
        "--time-limit",
        type=click.IntRange(min=1),
        default=120,
        metavar="SECONDS",
        help="Time limit per track; a track that takes longer fails.",
    )(function)
