"""Messages of `catalog ingest` for each stage, and its JSON summary."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from catalog.cli.common.output import warn
from catalog.cli.scan import describe_image_albums, describe_outside
from catalog.collection.scan.scan_report import ScanReport
from catalog.db.database import open_database
from catalog.learning.dataset.class_support import Support
from catalog.learning.scoring.model_metrics import ModelMetrics
from catalog.pipeline.ingest import (
    Analyzed,
    Audited,
    Deduplicated,
    Labeled,
    Reported,
    Scanned,
    Stage,
    Suggested,
    Trained,
)
from catalog.settings import Settings
from catalog.text import describe_duration, pluralize, printable

MOST_LINES = 12
"""Maximum lines of a list; the number of the remaining entries follows."""


class IngestPresenter:
    """Formats the stages of one run, and collects its JSON summary."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.summary: dict[str, Any] = {"home": str(settings.home)}
        self.failed = 0
        """Number of files that failed in this run."""

    def introduction(self) -> Iterator[str]:
        """Yields the lines that precede the first stage."""
        yield "Your files are only read, never changed."
        yield f"The catalog is in {self._location()}"

    def _location(self) -> str:
        """Returns the home folder if it holds the database, else the database."""
        database = open_database(self.settings.database_url)
        is_at_home = database.file is not None and database.file.absolute().parent == self.settings.home
        return str(self.settings.home) if is_at_home else database.place

    def show(self, stage: Stage, print_line: Callable[[str], None]) -> None:
        """Prints the messages and the warnings of a stage."""
        for line in self.lines(stage):
            print_line(line)
        for warning in self.warnings(stage):
            warn(warning)

    def lines(self, stage: Stage) -> Iterator[str]:
        """Yields the messages of a stage."""
        match stage:
            case Scanned():
                yield from self._scanned(stage)
            case Labeled():
                yield from self._labeled(stage)
            case Analyzed():
                yield from self._analyzed(stage)
            case Trained():
                yield from self._trained(stage)
            case Suggested():
                yield from self._suggested(stage)
            case Deduplicated():
                yield from self._deduplicated(stage)
            case Audited():
                yield from self._audited(stage)
            case Reported():
                self.summary["report"] = str(stage.path)
                yield f"Report: {stage.path}"

    def warnings(self, stage: Stage) -> Iterator[str]:
        """Yields the warnings of a stage."""
        match stage:
            case Scanned(reports):
                for report in reports:
                    yield from (printable(line) for line in report.warnings[:MOST_LINES])
                    if report.warned > MOST_LINES:
                        yield f"and {report.warned - MOST_LINES:,} more warnings; see: catalog scan"
            case Labeled(report) if report.unknown:
                line, name = report.unknown_examples[0]
                yield (
                    f"{pluralize(report.unknown, 'row')} of the labels {'matches' if report.unknown == 1 else 'match'} "
                    f"no track; line {line}: {printable(name)}"
                )
            case Trained(unsupported_genres=unsupported) if unsupported:
                yield f"never suggested, because no tag of the networks maps to it: {', '.join(unsupported)}"
            case _:
                return

    def next_steps(self) -> Iterator[str]:
        """Yields the commands to continue with: review, report, then SQL."""
        cases = self.summary.get("audit", {}).get("cases", 0)
        confident = self.summary.get("untagged", {}).get("confident", 0)
        steps = {"report --open": "read the report"}
        if cases:
            steps = {"review serve --open": f"decide on {pluralize(cases, 'case')}", **steps}
        if confident:
            steps["sql untagged-confident"] = f"{pluralize(confident, 'suggestion')} for untagged tracks"
        steps["sql --list"] = "queries for everything else"
        commands = {f"{self.settings.command} {step}": purpose for step, purpose in steps.items()}
        width = max(map(len, commands))
        yield "Next steps:"
        for command, purpose in commands.items():
            yield f"  {command:{width}}  {purpose}"

    def _scanned(self, stage: Scanned) -> Iterator[str]:
        for report in stage.reports:
            self.summary.setdefault("collections", []).append(
                {
                    "name": report.collection,
                    "files": report.files,
                    "artists": report.artists,
                    "albums": report.albums,
                    "spellings": len(report.spellings),
                    "spellings_known": report.known_spellings,
                }
            )
            changes = {
                "new": report.added,
                "changed": report.changed,
                "moved": report.moved,
                "back": report.back,
                "missing": report.missing,
            }
            counts = [f"{number:,} {change}" for change, number in changes.items() if number]
            all_new = report.added == report.files and not report.missing
            remark = "" if all_new else f" ({', '.join(counts) or 'no changes'})"
            yield (
                f"{printable(report.collection)}: {pluralize(report.files, 'file')}{remark}, "
                f"{pluralize(report.artists, 'artist')}, {pluralize(report.albums, 'album')}"
            )
            if report.outside:
                yield f"  {describe_outside(report)}"
            for line in describe_image_albums(report):
                yield f"  {line}"
            if report.skipped:
                others = sorted(report.skipped.items(), key=lambda item: -item[1])
                kinds = ", ".join(
                    f"{printable(suffix) or 'no suffix'} {number:,}" for suffix, number in others[:4]
                )
                yield f"  {pluralize(sum(report.skipped.values()), 'other file')} ignored ({kinds})"
            yield from _spellings(report)

    def _labeled(self, stage: Labeled) -> Iterator[str]:
        report = stage.report
        self.summary["labels"] = {"rows": report.rows, "tracks": report.tracks, "new": report.statements}
        yield (
            f"{printable(report.file)}: genres for {pluralize(report.tracks, 'track')}, "
            f"{report.statements:,} of them new"
        )

    def _analyzed(self, stage: Analyzed) -> Iterator[str]:
        report = stage.report
        self.failed = report.failed
        self.summary["analysis"] = {
            "analyzed": report.analyzed,
            "failed": report.failed,
            "out_of_reach": report.unmounted,
            "seconds": round(report.seconds, 1),
            "failures": {kind.reason: kind.files for kind in stage.failures},
        }
        if report.analyzed or report.failed:
            yield f"{pluralize(report.analyzed, 'track')} analyzed in {describe_duration(report.seconds)}"
        else:
            yield "No new tracks to analyze"
        if report.unmounted:
            yield (
                f"  {pluralize(report.unmounted, 'track')} skipped: the folder is not available. "
                "Mount the disk and run the same command again"
            )
        for kind in stage.failures:
            yield (
                f"  {pluralize(kind.files, 'file')} skipped ({kind.reason}): {printable(kind.message)}, "
                f'e.g. "{printable(kind.path)}"'
            )
        if stage.sample is not None:
            yield from self._sampled(stage)

    def _sampled(self, stage: Analyzed) -> Iterator[str]:
        sample = stage.sample
        assert sample is not None
        drawn = len(sample.track_ids)
        yield (
            f"  Sample: {pluralize(drawn, 'track')} of {pluralize(sample.albums, 'album')}, "
            f"out of {sample.of_tracks:,}"
        )
        done = stage.report.analyzed + stage.report.failed
        if done:
            rest = (sample.of_tracks - drawn) * stage.report.seconds / done
            self.summary["analysis"]["seconds_for_the_rest"] = round(rest)
            yield f"  The rest would take about {describe_duration(rest)}; run the same command without --sample"

    def _trained(self, stage: Trained) -> Iterator[str]:
        metrics = stage.training.metrics
        self.summary["model"] = {
            "id": stage.model_id,
            "outcome": stage.training.outcome,
            "zero_shot": stage.is_zero_shot,
            **({} if metrics is None else metrics.to_json()),
        }
        if stage.model_id is None:
            yield f"No model: {stage.training.reason}"
            return
        yield from _class_support(stage)
        yield from stage.training.vanished
        if stage.is_zero_shot:
            yield (
                f"Too few labels to train a model ({stage.training.reason}): genres are suggested by the pretrained "
                "networks (zero-shot), and no existing tag is flagged in that mode"
            )
            return
        if metrics is not None:
            yield describe_score(metrics)
            yield describe_suggestions(metrics)
        if stage.training.outcome == "rejected":
            yield f"The new model was not activated: {stage.training.reason}"

    def _suggested(self, stage: Suggested) -> Iterator[str]:
        self.summary["untagged"] = {
            "tracks": stage.untagged,
            **stage.by,
            "unknown": stage.unknown,
            "confident": stage.confident,
        }
        if not stage.untagged:
            yield "Every track has a genre tag"
            return
        sources = {
            "album": "from the album",
            "artist": "from the artist",
            "audio": "from the audio",
            "zero_shot": "from the audio",
        }
        counts = [f"{stage.by[by]:,} {source}" for by, source in sources.items() if stage.by.get(by)]
        suggested = stage.untagged - stage.unknown
        verb = "has" if suggested == 1 else "have"
        yield (
            f"{suggested:,} of {pluralize(stage.untagged, 'untagged track')} {verb} a suggestion"
            + (f": {', '.join(counts)}" if counts else "")
        )

    def _deduplicated(self, stage: Deduplicated) -> Iterator[str]:
        duplicates = stage.duplicates
        self.summary["duplicates"] = {"pairs": len(duplicates.pairs), "differing": duplicates.differing}
        if duplicates.pairs:
            differing = f", {duplicates.differing:,} with different genres" if duplicates.differing else ""
            yield (
                f"{pluralize(len(duplicates.pairs), 'pair')} of tracks may be the same recording{differing}; "
                "see: catalog audit duplicates"
            )

    def _audited(self, stage: Audited) -> Iterator[str]:
        audit = stage.audit
        self.summary["audit"] = {"cases": audit.cases, "suspects": audit.suspects}
        if not audit.cases:
            if not self.summary["model"]["zero_shot"]:
                yield "No tag is flagged"
            return
        yield f"{pluralize(audit.cases, 'case')} ({pluralize(audit.suspects, 'track')}). Largest:"
        for case in audit.largest:
            yield (
                f"  {printable(case.name)}: {pluralize(case.tracks, 'track')} tagged {printable(case.tagged_genre)}, "
                f"predicted {printable(case.suggested_genre)}"
            )


def describe_score(metrics: ModelMetrics) -> str:
    """Describes the accuracy on artists outside the training data, with its interval, next to the baselines."""
    accuracy, baselines = metrics.accuracy, metrics.baselines
    return (
        f"Accuracy on artists not in the training data: {accuracy.value:.0%} of {metrics.tracks:,} tracks "
        f"(95% interval {accuracy.low:.0%} to {accuracy.high:.0%}). For comparison: most common genre "
        f"{baselines.majority.value:.0%}, artist's other tags {baselines.artist_copy.value:.0%}, both combined "
        f"{metrics.artist_aware.accuracy.value:.0%} (used for untagged tracks)"
    )


def describe_suggestions(metrics: ModelMetrics) -> str:
    """Describes the share of tracks that get a suggestion from the audio, and the share of correct suggestions."""
    if metrics.answered_precision is None:
        return "It makes no suggestion from the audio alone, only with help from the album or artist"
    return (
        f"It makes a suggestion for {metrics.share_answered:.0%} of tracks; "
        f"{metrics.answered_precision:.0%} of suggestions are correct"
    )


def _spellings(report: ScanReport) -> Iterator[str]:
    genres = [one for one in report.spellings if one.genre is not None]
    known = sum(one.is_known for one in genres)
    if not genres:
        yield "  no track has a genre tag"
        return
    new = [one for one in genres if not one.is_known]
    yield f"  {pluralize(len(genres), 'genre spelling')}, {known:,} of them in the vocabulary"
    for one in new[:MOST_LINES]:
        parent = f"under {printable(one.broader)}" if one.broader else "without a parent"
        yield f"    new: {printable(one.as_written)} ({pluralize(one.tracks, 'track')}), {parent}"
    if len(new) > MOST_LINES:
        yield f"    and {len(new) - MOST_LINES:,} more; see: catalog genres unmapped"


def _class_support(stage: Trained) -> Iterator[str]:
    names = stage.names
    rows = sorted(stage.training.support.values(), key=lambda row: -row.tracks)
    classes = [] if stage.is_zero_shot else [row for row in rows if row.is_class]
    if classes:
        listed = (
            f"{printable(names[row.genre_id])} ({pluralize(row.tracks, 'track')} by {pluralize(row.artists, 'artist')})"
            for row in classes
        )
        yield f"Genres with enough examples: {', '.join(listed)}"
    merged = [row for row in rows if row.judged and not row.is_class] if classes else []
    if merged:
        listed = (
            f"{printable(names[row.genre_id])} under {printable(_class(row, names))}"
            for row in merged[:MOST_LINES]
        )
        yield (
            "  too few tracks or artists to assess separately; counted under their parent genre: "
            f"{', '.join(listed)}" + _more(merged)
        )
    others = [row for row in rows if not (classes and row.judged)]
    if others:
        yield "Genres with too few examples:"
        for row in others[:MOST_LINES]:
            yield f"  {printable(names[row.genre_id])}: {row.reason or stage.training.reason}"
        if len(others) > MOST_LINES:
            yield f"  and {len(others) - MOST_LINES:,} more; see: catalog sql class_support"


def _class(row: Support, names: Mapping[int, str]) -> str:
    assert row.counts_for is not None
    return names[row.counts_for]


def _more(rows: list[Support]) -> str:
    return f", and {len(rows) - MOST_LINES:,} more" if len(rows) > MOST_LINES else ""
