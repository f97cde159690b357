"""`catalog review`: cases, decisions, audit samples, progress and reviewers."""

from __future__ import annotations

import click

from catalog.cli.common.command_group import CommandGroup
from catalog.cli.review.review_decide import DECISION_COMMANDS, redo_verb, undo_verb
from catalog.cli.review.review_list import list_verb, show_verb
from catalog.cli.review.review_progress import progress_verb, sample_verb
from catalog.cli.review.review_reviewers import reviewers
from catalog.cli.review.review_serve import serve_verb


@click.group(cls=CommandGroup)
def review() -> None:
    """Review flagged tags: serve, list, show, keep, accept, relabel, undo, progress."""


for command in (
    list_verb,
    show_verb,
    *DECISION_COMMANDS,
    undo_verb,
    redo_verb,
    sample_verb,
    progress_verb,
    serve_verb,
    reviewers,
):
    review.add_command(command)
