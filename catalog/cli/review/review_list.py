"""`catalog review list` and `catalog review show`: the cases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import click

from catalog.cli.common.audit_notice import warn_of_stale_audit
from catalog.cli.common.command_group import examples
from catalog.cli.common.context import open_catalog, pass_settings
from catalog.cli.common.output import echo, format_options, print_json, print_rows, say
from catalog.cli.review.review_filters import TextParameter, filter_options, filters_from, resolve_genres
from catalog.settings import Settings
from catalog.text import percent, pluralize

COLUMNS = (
    "case",
    "suspicion",
    "artist",
    "album",
    "open_tracks",
    "tagged_genre",
    "suggested_genre",
    "expected_right",
    "held_by",
    "case_id",
)


@click.command(
    "list",
    epilog=examples(
        "catalog review list",
        "catalog review list --tagged Metal --suspicion 0.8",
        "catalog review list --reviewer ada --state decided",
    ),
)
@filter_options
@click.option(
    "--reviewer", type=TextParameter(), metavar="NAME", help="Only cases with a decision by this reviewer."
)
@click.option(
    "--state",
    type=click.Choice(["open", "decided", "all"]),
    help="State of the cases.  [default: open; with --reviewer: all]",
    show_default=False,
)
@click.option("--page", type=click.IntRange(min=1), default=1, help="Page number.")
@click.option("--per-page", type=click.IntRange(1, 10_000), default=20, help="Cases per page.")
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
    """List the cases, large and suspicious ones first.

    The order is suspicion times number of tracks. A case groups the tracks of one artist or album with the same tag and
    the same suggestion.
    """
    from catalog.review.case_list import list_cases

    criteria = filters_from(filters, reviewer=reviewer, state=state or ("all" if reviewer else "open"))
    with open_catalog(settings) as database, database.read() as connection:
        result = list_cases(connection, resolve_genres(connection, criteria), page=page, per_page=per_page)
        warn_of_stale_audit(connection)
    rows = [{"case": f"c{each.number}"} | asdict(each) for each in result.cases]
    print_rows(rows, output_format, None if output_format == "json" else COLUMNS)
    if result.cases:
        say(f"page {result.page} of {result.pages}; {pluralize(result.total, 'case')}")
        say(f"to see a case: catalog review show c{result.cases[0].number}")
    elif criteria.narrows or criteria.suspicion is not None:
        say("no case matches the filters; to list all: catalog review list --state all")
    else:
        say("no case is open; to find suspects, run: catalog audit")


@click.command("show")
@click.argument("case_id", metavar="CASE", type=TextParameter())
@click.option("--neighbors/--no-neighbors", default=True, help="Show similar tracks.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@pass_settings
def show_verb(settings: Settings, case_id: str, neighbors: bool, as_json: bool) -> None:
    """Show the tracks of a case with the evidence.

    Tags, predictions, reasons and similar tracks. CASE is the number of a case in the list, its id, or its artist.
    """
    from catalog.review.case_lookup import find_case
    from catalog.review.case_view import view_case
    from catalog.review.similar_tracks import load_neighbor_index

    with open_catalog(settings) as database, database.read() as connection:
        index = load_neighbor_index(connection) if neighbors else None
        case = find_case(connection, f"c{case_id.strip()}" if case_id.strip().isdecimal() else case_id)
        view = view_case(connection, case_id if case is None else case.case_id, index)
        warn_of_stale_audit(connection)
    if as_json:
        print_json(asdict(view))
        return
    for line in _lines(view):
        echo(line)


def _lines(view: Any) -> Iterator[str]:
    case = view.case
    owner = case.artist or case.album or "unknown artist"
    yield f"{owner}: {pluralize(case.tracks, 'track')} tagged {case.tagged_genre}, predicted {case.suggested_genre}"
    yield f"  suspicion {percent(case.suspicion)}, {case.open_tracks} open (case c{case.number}, id {case.case_id})"
    if view.record.decided:
        yield f"  reviewers accepted {view.record.accepted} of {view.record.decided} earlier suggestions of this kind"
    for each in view.tracks:
        tags = ", ".join(tag.genre for tag in each.tags) or "no genre"
        yield f"{each.title or each.path} (track {each.track_id}), suspicion {percent(each.suspicion)}"
        if each.decided is not None:
            yield f"  decided: {each.decided.verdict.replace('_', ' ')}, by {each.decided.reviewer}"
        yield f"  tagged {tags} (source: {each.source}); {each.path}"
        mix = ", ".join(f"{one.genre} {percent(one.probability)}" for one in each.choices)
        if mix:
            yield f"  predicted {mix}"
        for sentence in each.explanations:
            yield f"  {sentence}"
        for one in each.neighbors:
            yield f"  {'*' if one.is_counted else ' '} similar to {_describe_neighbor(one)}"
        for one in each.duplicates:
            yield f"  {one.kind.replace('_', ' ')} as track {one.track_id}, {one.tagged_genres or 'untagged'}"


def _describe_neighbor(one: Any) -> str:
    if one.hidden:
        return "a track of the audit sample" if one.hidden == "sample" else "a track that was removed"
    remarks = [
        *(["confirmed"] if one.is_confirmed else []),
        *(["tag changed after the audit"] if one.is_changed else []),
    ]
    note = f" ({', '.join(remarks)})" if remarks else ""
    return f"{one.artist or 'unknown'} - {one.title or one.path}: {', '.join(one.genres)}{note}"
