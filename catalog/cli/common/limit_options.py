"""Options of the verbs that listen to tracks: what one track may take."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

Function = TypeVar("Function", bound=Callable[..., Any])

LEAST_MEMORY = 64


def limit_options(function: Function) -> Function:
    """Adds --time-limit and --memory-limit; the verb receives `time_limit` and `memory_limit`."""
    function = click.option(
        "--memory-limit",
        type=click.IntRange(min=LEAST_MEMORY),
        default=2048,
        metavar="MB",
        show_envvar=True,
        help="A track that takes more memory fails.",
    )(function)
    return click.option(
        "--time-limit",
        type=click.IntRange(min=1),
        default=120,
        metavar="SECONDS",
        show_envvar=True,
        help="A track that takes longer is given up.",
    )(function)
