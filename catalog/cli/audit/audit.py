"""`catalog audit`: find tags that are probably wrong."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click
import sqlalchemy as sa

from catalog.cli.audit.audit_clusters import clusters
from catalog.cli.audit.audit_duplicates import duplicates
from catalog.cli.common.class_options import exclude_genre_option
from catalog.cli.common.command_group import CommandGroup, examples
from catalog.cli.common.context import dry_run_option, open_catalog, pass_settings
from catalog.cli.common.output import format_options, print_json, print_rows, say
from catalog.cli.common.progress import progress
from catalog.settings import Settings
from catalog.text import pluralize

if TYPE_CHECKING:
    from catalog.audit.labels.known_errors import AuditTruth


@click.group(cls=CommandGroup, invoke_without_command=True)
@exclude_genre_option
@format_options
@click.pass_context
def audit(context: click.Context, exclude_genres: tuple[str, ...], output_format: str) -> None:
    """Find tags that are probably wrong.

    Without a subcommand, runs catalog audit labels.
    """
    if context.invoked_subcommand is None:
        context.invoke(
            labels, exclude_genres=exclude_genres, truth=None, dry_run=False, output_format=output_format
        )


@audit.command(
    epilog=examples(
        "catalog audit labels",
        "catalog audit labels --exclude-genre Soundtrack",
        "catalog audit labels --truth errors.csv --dry-run",
    ),
)
@exclude_genre_option
@click.option(
    "--truth",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Evaluate the ranking on known errors: CSV file with path or external_id, and the correct genre.",
)
@dry_run_option
@format_options
@pass_settings
def labels(
    settings: Settings, exclude_genres: tuple[str, ...], truth: Path | None, dry_run: bool, output_format: str
) -> None:
    """Find tags that contradict the active model.

    The most suspicious come first. Only out-of-fold predictions are used. A case groups the tracks of one
    artist or album with the same tag and the same suggestion. For single tracks with the reasons see the view
    suspects, for correct tags that could be more specific the view narrower_suggestions.
    """
    from catalog.audit.labels.label_audit import audit_labels

    with open_catalog(settings) as database:
        with progress("auditing"):
            report = audit_labels(database, exclude=exclude_genres, dry_run=dry_run, truth=truth)
        with database.read() as connection:
            query = sa.text("SELECT * FROM cases ORDER BY suspicion DESC, tracks DESC, case_id")
            cases = [dict(row) for row in connection.execute(query).mappings()]
    if report.audit_id is None:
        cases = [asdict(case) for case in report.largest]
    if output_format == "json":
        print_json({**asdict(report), "cases": cases})
        return
    owner = ["artist", "album"] if report.audit_id is not None else ["name"]
    columns = ["suspicion", *owner, "tracks", "tagged_genre", "suggested_genre"]
    columns += ["case_id"] if report.audit_id is not None else []
    print_rows(cases, output_format, columns)
    if not report.is_new:
        say("nothing to do: tags and model are unchanged since the last audit, whose result is shown")
    say(
        f"{pluralize(report.cases, 'case')} ({pluralize(report.suspects, 'track')}) "
        f"of {report.audited:,} audited tags; {pluralize(report.narrower_suggestions, 'tag')} could be more specific"
    )
    if report.truth is not None:
        _say_truth(report.truth)
    if report.audit_id is None:
        say("dry run: nothing was stored")


def _say_truth(truth: AuditTruth) -> None:
    depths = ", ".join(f"{share:.0%} in the first {depth}" for depth, share in truth.precision_at.items())
    say(
        f"{pluralize(truth.errors, 'known error')}: average precision {truth.average_precision:.2f}; "
        f"precision {depths or 'not available'}; recall {truth.recall:.0%}"
    )
    for genre in truth.genres:
        say(f"  tagged {genre.genre}: {genre.found} of {genre.errors} among the first {truth.errors}")
    if truth.unmatched:
        say(f"  {pluralize(truth.unmatched, 'row')} matched no track or genre")


audit.add_command(clusters)
audit.add_command(duplicates)
