"""`catalog review`: cases, decisions, audit samples, progress and reviewers."""

from __future__ import annotations

from dataclasses import asdict

import click

from catalog.cli.common.command_group import CommandGroup, examples
from catalog.cli.common.context import open_catalog, pass_settings
from catalog.cli.common.output import echo, echo_summary, format_options, print_rows, say
from catalog.cli.review.review_decisions import DECISION_COMMANDS, redo_verb, undo_verb
from catalog.cli.review.review_list import list_verb, show_verb
from catalog.cli.review.review_progress import progress_verb, sample_verb
from catalog.cli.review.review_serve import serve_verb
from catalog.settings import Settings


@click.group(
    cls=CommandGroup,
    epilog=examples(
        "catalog review serve --open",
        "catalog review list",
        'catalog review accept --artist "The Doors"',
        "catalog review undo",
    ),
)
def review() -> None:
    """Review flagged tags and decide on them."""


for command in (
    list_verb,
    show_verb,
    *DECISION_COMMANDS,
    undo_verb,
    redo_verb,
    sample_verb,
    progress_verb,
    serve_verb,
):
    review.add_command(command)


@review.group(cls=CommandGroup)
def reviewers() -> None:
    """Manage reviewers and their secret links: add, list, revoke."""


@reviewers.command("add")
@click.argument("name")
@click.option(
    "--url",
    metavar="URL",
    default="http://127.0.0.1:8765",
    show_default=True,
    help="Address of the review page, for example https://review.example.org.",
)
@pass_settings
def add_verb(settings: Settings, name: str, url: str) -> None:
    """Add a reviewer and print their link. Only a hash of it is stored."""
    from catalog.review.reviewer import add_reviewer
    from catalog.web.server_address import Address

    base = Address("127.0.0.1", 0, url).base
    with open_catalog(settings) as database, database.write() as connection:
        token = add_reviewer(connection, name)
    echo(f"{base}/enter/{token}")
    say("this link identifies the reviewer; it cannot be shown again")


@reviewers.command("list")
@format_options
@pass_settings
def list_reviewers_verb(settings: Settings, output_format: str) -> None:
    """List the reviewers."""
    from catalog.review.reviewer import list_reviewers

    with open_catalog(settings) as database, database.read() as connection:
        reviewers = [asdict(each) for each in list_reviewers(connection)]
    print_rows(reviewers, output_format)
    if not reviewers:
        say("no reviewer has a link yet; add one: catalog review reviewers add NAME")


@reviewers.command("revoke")
@click.argument("name")
@pass_settings
def revoke_verb(settings: Settings, name: str) -> None:
    """Revoke the link of a reviewer. Their decisions are kept."""
    from catalog.review.reviewer import revoke_reviewer

    with open_catalog(settings) as database, database.write() as connection:
        revoke_reviewer(connection, name)
    echo_summary(f"revoked the link of {name}")
