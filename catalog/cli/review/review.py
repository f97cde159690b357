"""The verb `review`: cases, decisions, the check sample, progress and reviewers."""

from __future__ import annotations

import click

from catalog.cli.review.review_decide import DECIDING, redo_verb, undo_verb
from catalog.cli.review.review_list import list_verb, show_verb
from catalog.cli.review.review_progress import progress_verb, sample_verb
from catalog.cli.review.review_reviewers import reviewers
from catalog.cli.review.review_serve import serve_verb


@click.group()
def review() -> None:
    """Decide on tags that are probably wrong: list, show, keep, accept, relabel, undo, redo, sample, progress, serve."""


for command in (
    list_verb,
    show_verb,
    *DECIDING,
    undo_verb,
    redo_verb,
    sample_verb,
    progress_verb,
    serve_verb,
    reviewers,
):
    review.add_command(command)
