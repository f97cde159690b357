"""`catalog review sample` and `catalog review progress`: estimates of tag quality and review progress."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from catalog.cli.common.audit_notice import warn_of_stale_audit
from catalog.cli.common.context import dry_run_option, open_catalog, pass_settings
from catalog.cli.common.output import echo, echo_summary, print_json, print_rows, say, warn
from catalog.settings import Settings
from catalog.text import percent, pluralize

if TYPE_CHECKING:
    from catalog.review.audit_sample.review_progress import Progress
    from catalog.review.audit_sample.sample_estimates import SampleEstimate
    from catalog.review.audit_sample.weighted_share import Share


@click.command("sample")
@click.argument("size", type=click.IntRange(1, 100_000), required=False)
@click.option("--seed", type=click.IntRange(0), default=0, help="Seed of the random sample.")
@click.option(
    "--overlap",
    type=click.IntRange(0),
    show_default="30, or the whole sample",
    help="Tracks that two reviewers judge, to measure their agreement.",
)
@dry_run_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_settings
def sample_verb(
    settings: Settings, size: int | None, seed: int, overlap: int | None, dry_run: bool, as_json: bool
) -> None:
    """Draw a random sample of tracks for blind review.

    The audit sample is stratified by genre. It measures the share of wrong tags, the precision of the suspects and
    the accuracy of the model. The tracks are mixed into the queue of `review serve` and excluded from training.
    Default SIZE: 200 tracks, or a third of a small collection. A new sample closes the previous one.
    """
    from catalog.review.audit_sample.audit_sample import draw_sample

    if size is not None and overlap is not None and overlap > size:
        raise click.UsageError(f"--overlap {overlap} exceeds the {size} tracks of the sample")
    with open_catalog(settings) as database, database.write() as connection:
        drawn = draw_sample(connection, size, seed=seed, overlap=overlap, dry_run=dry_run)
    if as_json:
        print_json(asdict(drawn))
        return
    verb = "would draw" if dry_run else "drew"
    echo_summary(
        f"{verb} {pluralize(drawn.tracks, 'track')} at random to be judged without seeing their tags; "
        f"two reviewers judge {drawn.overlap} of them"
    )
    if not dry_run:
        echo_summary("to judge them: catalog review serve --open")
        echo_summary("to see the estimates afterwards: catalog review progress")
    echo_summary(
        f"tracks by genre (seed {seed}); a drawn track stands for as many tracks as its weight says:"
    )
    print_rows((asdict(each) for each in drawn.strata), "table")
    tagged = sum(each.tracks for each in drawn.strata)
    if 2 * drawn.tracks > tagged:
        warn(
            f"the sample takes {drawn.tracks:,} of {tagged:,} tagged tracks: they are excluded from training, and from "
            "cases until they are judged; omit SIZE for a suitable size"
        )
    if drawn.closes is not None:
        say(f"{'would close' if dry_run else 'closed'} sample {drawn.closes}")


@click.command("progress")
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]),
    help="Count only decisions since this date (UTC).",
)
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@pass_settings
def progress_verb(settings: Settings, since: datetime | None, as_json: bool) -> None:
    """Show how many wrong tags were found and may remain."""
    from catalog.review.audit_sample.review_progress import review_progress

    moment = None if since is None else since.replace(tzinfo=UTC)
    with open_catalog(settings) as database, database.read() as connection:
        report = review_progress(connection, moment)
        warn_of_stale_audit(connection)
    if as_json:
        print_json(asdict(report))
        return
    for line in _lines(report):
        echo(line)


def _lines(report: Progress) -> Iterator[str]:
    since = f" since {report.since:%Y-%m-%d}" if report.since else ""
    cases = f" in {pluralize(report.decided_cases, 'case')}" if report.decisions else ""
    outcomes = ", ".join(f"{number:,} {outcome}" for outcome, number in report.by_outcome.items())
    yield f"{pluralize(report.decisions, 'track')} decided{cases}{since}{f': {outcomes}' if outcomes else ''}"
    for each in report.by_reviewer:
        filled = f", {pluralize(each.filled_in, 'missing genre')} filled in" if each.filled_in else ""
        wrong = pluralize(each.found_wrong, "wrong tag")
        yield f"  {each.reviewer}: {pluralize(each.decisions, 'track')}, {wrong} corrected{filled}"
    if report.overall is not None:
        yield f"flagged tags that were wrong: {_count_of(report.overall)}"
    if report.recent is not None and report.overall != report.recent:
        yield f"  of the last {report.recent.tracks}: {_count_of(report.recent)}"
    hidden = f"; {report.hidden_tracks:,} more in the audit sample" if report.hidden_tracks else ""
    yield f"{pluralize(report.open_cases, 'case')} open with {pluralize(report.open_tracks, 'track')}{hidden}"
    if report.left is not None:
        scope = "in the collection" if report.left.by == "sample" else "among the open suspects"
        number = pluralize(round(report.left.tracks), "wrong tag")
        yield f"estimated to remain {scope}: {number} ({report.left.low:.0f} to {report.left.high:.0f})"
    if report.sample is not None:
        yield from _sample(report.sample)
    yield report.advice


def _sample(sample: SampleEstimate) -> Iterator[str]:
    from catalog.review.audit_sample.sample_size import MIN_JUDGMENTS

    yield f"audit sample {sample.sample_id}: {sample.judged} of {sample.tracks} tracks judged"
    if sample.is_reliable:
        yield from _shares(sample)
    else:
        yield f"  the share of wrong tags is estimated from {MIN_JUDGMENTS} judged tracks on"
    if sample.agreement is not None:
        low, high = sample.agreement.low, sample.agreement.high
        yield (
            f"  two reviewers: Cohen's kappa {sample.agreement.kappa:.2f} ({low:.2f} to {high:.2f}), "
            f"{sample.agreement.tracks} tracks"
        )


def _shares(sample: SampleEstimate) -> Iterator[str]:
    if sample.wrong is not None:
        yield f"  wrong tags in the collection: {_percent(sample.wrong)}"
    for each in sample.by_rank:
        parts = [
            f"{name} {_percent(share)}"
            for share, name in ((each.precision, "precision"), (each.recall, "recall"))
            if share is not None
        ]
        if parts:
            yield f"  first {each.rank:,} suspects: {', '.join(parts)}"
    if sample.accuracy is not None:
        yield f"  accuracy of the active model: {_percent(sample.accuracy)}"


def _percent(share: Share) -> str:
    return f"{percent(share.value)} ({percent(share.low)} to {percent(share.high)})"


def _count_of(share: Share) -> str:
    interval = f"95\N{NO-BREAK SPACE}% interval {percent(share.low)} to {percent(share.high)}"
    return f"{percent(share.value)} ({share.hits} of {share.tracks}; {interval})"
