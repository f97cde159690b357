"""`review sample` and `review progress`: how the archive is, and how far the review."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from catalog.cli.common.context import dry_run_option, open_catalog, pass_settings
from catalog.cli.common.output import print_json, print_rows, say, warn
from catalog.settings import Settings
from catalog.text import pluralize, printable

if TYPE_CHECKING:
    from catalog.review.audit_sample.review_progress import Progress
    from catalog.review.audit_sample.sample_estimates import SampleEstimate
    from catalog.review.audit_sample.weighted_share import Share


@click.command("sample")
@click.argument("size", type=click.IntRange(1, 100_000), required=False)
@click.option("--seed", type=click.IntRange(0), default=0, help="The same seed draws the same tracks.")
@click.option(
    "--overlap",
    type=click.IntRange(0),
    show_default="30, or as many as there are",
    help="Tracks that two reviewers judge: their agreement.",
)
@dry_run_option
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@pass_settings
def sample_verb(
    settings: Settings, size: int | None, seed: int, overlap: int | None, dry_run: bool, as_json: bool
) -> None:
    """Draw SIZE tagged tracks at random, by genre, to be judged blind: how good are archive, suspects and model?

    They are mixed into the queue of `review serve`. No model learns from them: without SIZE it is 200 tracks, or a third of a
    small archive. A new sample ends the one before.
    """
    from catalog.review.audit_sample.audit_sample import draw_sample

    if size is not None and overlap is not None and overlap > size:
        raise click.UsageError(f"--overlap {overlap} is more than the {size} tracks of the sample")
    with open_catalog(settings) as database, database.write() as connection:
        drawn = draw_sample(connection, size, seed=seed, overlap=overlap, dry_run=dry_run)
    if as_json:
        print_json(asdict(drawn))
        return
    print_rows((asdict(each) for each in drawn.strata), "table")
    done = "would draw" if dry_run else "drew"
    say(
        f"{done} {pluralize(drawn.tracks, 'track')} with seed {seed}, {drawn.overlap} of them for two reviewers"
    )
    tagged = sum(each.tracks for each in drawn.strata)
    if 2 * drawn.tracks > tagged:
        warn(
            f"these are {drawn.tracks:,} of the {tagged:,} tagged tracks: no model learns from them, and no case shows them "
            "before they were judged; without SIZE the sample is as large as suits"
        )
    if drawn.closes is not None:
        say(f"{'it would end' if dry_run else 'ended'} sample {drawn.closes}")


@click.command("progress")
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]),
    help="Count decisions from then on (UTC).",
)
@click.option("--json", "as_json", is_flag=True, help="Everything, as JSON.")
@pass_settings
def progress_verb(settings: Settings, since: datetime | None, as_json: bool) -> None:
    """How many wrong tags were found, how many are probably left, and whether to go on."""
    from catalog.review.audit_sample.review_progress import review_progress

    moment = None if since is None else since.replace(tzinfo=UTC)
    with open_catalog(settings) as database, database.read() as connection:
        found = review_progress(connection, moment)
    if as_json:
        print_json(asdict(found))
        return
    for line in _lines(found):
        click.echo(printable(line))


def _lines(found: Progress) -> Iterator[str]:
    verdicts = ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in found.by_verdict.items())
    since = f" since {found.since:%Y-%m-%d}" if found.since else ""
    yield f"{pluralize(found.decisions, 'decision')}{since}{f': {verdicts}' if verdicts else ''}"
    for each in found.by_reviewer:
        yield f"  {each.reviewer}: {pluralize(each.decisions, 'decision')}, {pluralize(each.found_wrong, 'wrong tag')} found"
    if found.overall is not None:
        recent = f"; of the last {found.recent.tracks} {_percent(found.recent)}" if found.recent else ""
        yield f"of the suspects decided {_percent(found.overall)} were wrong{recent}"
    hidden = f"; the check sample holds {found.hidden_tracks:,} more" if found.hidden_tracks else ""
    yield f"{pluralize(found.open_cases, 'case')} open with {pluralize(found.open_tracks, 'track')}{hidden}"
    if found.left is not None:
        place = "in the archive" if found.left.by == "sample" else "among the open suspects"
        number = pluralize(round(found.left.tracks), "wrong tag")
        yield f"probably left {place}: {number} ({found.left.low:.0f} to {found.left.high:.0f})"
    if found.sample is not None:
        yield from _sample(found.sample)
    yield found.advice


def _sample(sample: SampleEstimate) -> Iterator[str]:
    from catalog.review.audit_sample.sample_size import MIN_JUDGMENTS

    yield f"check sample {sample.sample_id}: {sample.judged} of {sample.tracks} tracks judged"
    if sample.is_reliable:
        yield from _shares(sample)
    else:
        yield f"  from {MIN_JUDGMENTS} on it says how many tags of the archive are wrong"
    if sample.agreement is not None:
        low, high = sample.agreement.low, sample.agreement.high
        yield (
            f"  two reviewers: Cohen's kappa {sample.agreement.kappa:.2f} ({low:.2f} to {high:.2f}), "
            f"{sample.agreement.tracks} tracks"
        )


def _shares(sample: SampleEstimate) -> Iterator[str]:
    if sample.wrong is not None:
        yield f"  wrong tags in the archive: {_percent(sample.wrong)}"
    for each in sample.by_rank:
        parts = [
            f"{_percent(share)} {words}"
            for share, words in ((each.precision, "of them wrong"), (each.recall, "of the wrong ones found"))
            if share is not None
        ]
        if parts:
            yield f"  first {each.rank:,} suspects: {', '.join(parts)}"
    if sample.accuracy is not None:
        yield f"  the active model agrees with people on {_percent(sample.accuracy)}"


def _percent(share: Share) -> str:
    return f"{share.value:.0%} ({share.low:.0%} to {share.high:.0%})"
