"""`review list` and `review show`: the cases of doubt."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import click

from catalog.cli.common.context import open_catalog, pass_settings
from catalog.cli.common.output import format_options, print_json, print_rows, say
from catalog.cli.review.review_filters import KnownName, by_vocabulary, filter_options, filters_from
from catalog.settings import Settings
from catalog.text import pluralize, printable

COLUMNS = (
    "case_id",
    "suspicion",
    "artist",
    "album",
    "open_tracks",
    "tagged_genre",
    "suggested_genre",
    "expected_right",
    "held_by",
)


@click.command("list")
@filter_options
@click.option(
    "--reviewer", type=KnownName(), metavar="NAME", help="Only cases in which this reviewer has decided."
)
@click.option(
    "--state",
    type=click.Choice(["open", "decided", "all"]),
    help="[default: open; with --reviewer all]",
    show_default=False,
)
@click.option("--page", type=click.IntRange(min=1), default=1, help="Which page.")
@click.option("--per-page", type=click.IntRange(1, 10_000), default=20, help="Cases on a page.")
@format_options
@pass_settings
def list_verb(
    settings: Settings,
    /,
    output_format: str,
    page: int,
    per_page: int,
    reviewer: str | None,
    state: str | None,
    **filters: Any,
) -> None:
    """List the cases by suspicion x tracks, gravest first.

    A case is the tracks of one artist or album with the same tag and the same suggestion.
    """
    from catalog.review.case_list import list_cases

    wanted = filters_from(filters, reviewer=reviewer, state=state or ("all" if reviewer else "open"))
    with open_catalog(settings) as database, database.read() as connection:
        found = list_cases(connection, by_vocabulary(connection, wanted), page=page, per_page=per_page)
    rows = [asdict(each) for each in found.cases]
    print_rows(rows, output_format, None if output_format == "json" else COLUMNS)
    if found.cases:
        say(f"page {found.page} of {found.pages}; {pluralize(found.total, 'case')}")
    elif wanted.narrows or wanted.suspicion is not None:
        say("no case fits the filters; all of them: catalog review list --state all")
    else:
        say("no case is open; look for suspects: catalog audit")


@click.command("show")
@click.argument("case_id", metavar="CASE", type=KnownName())
@click.option("--neighbors/--no-neighbors", default=True, help="With the tracks that sound alike.")
@click.option("--json", "as_json", is_flag=True, help="Everything, as JSON.")
@pass_settings
def show_verb(settings: Settings, case_id: str, neighbors: bool, as_json: bool) -> None:
    """Show a case with its tracks: tags, what is heard, reasons, neighbors, duplicates."""
    from catalog.review.case_view import view_case
    from catalog.review.similar_tracks import load_neighbor_index

    with open_catalog(settings) as database, database.read() as connection:
        near = load_neighbor_index(connection) if neighbors else None
        found = view_case(connection, case_id, near)
    if as_json:
        print_json(asdict(found))
        return
    for line in _lines(found):
        click.echo(printable(line))


def _lines(found: Any) -> Iterator[str]:
    case = found.case
    whose = case.artist or case.album or "nobody known"
    yield f"{whose}: {pluralize(case.tracks, 'track')} tagged {case.tagged_genre}, heard as {case.suggested_genre}"
    yield f"  suspicion {case.suspicion:.2f}, {case.open_tracks} open (case {case.case_id})"
    if found.record.decided:
        yield f"  of {found.record.decided} such suggestions people accepted {found.record.accepted}"
    for each in found.tracks:
        tags = ", ".join(tag.genre for tag in each.tags) or "nothing"
        yield f"{each.title or each.path} (track {each.track_id}), suspicion {each.suspicion:.2f}"
        if each.decided is not None:
            yield f"  decided: {each.decided.verdict.replace('_', ' ')}, by {each.decided.reviewer}"
        yield f"  tagged {tags}, by the {each.source}; {each.path}"
        mix = ", ".join(f"{one.genre} {one.probability:.0%}" for one in each.choices)
        if mix:
            yield f"  heard {mix}"
        for sentence in each.explanations:
            yield f"  {sentence}"
        for one in each.neighbors:
            by = " (confirmed)" if one.is_confirmed else ""
            yield f"  like {one.artist or 'unknown'} - {one.title or one.path}: {', '.join(one.genres)}{by}"
        for one in each.duplicates:
            yield f"  {one.kind.replace('_', ' ')} as track {one.track_id}, {one.tagged_genres or 'untagged'}"
