"""What the main job says of each of its stages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from catalog.cli.scan import outside
from catalog.cli.train.train import describe_score
from catalog.collection.scan.scan import ScanReport
from catalog.db.database import open_database
from catalog.learning.dataset.class_support import Support
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
from catalog.text import pluralize, printable
from workers.state.analysis_progress import Progress

MOST_LINES = 12
"""Of a list that could be long; how many more there are is said."""


def analysis_remark(now: Progress) -> str:
    """Failures, rate and time left, for the end of the bar."""
    parts = []
    if now.failed:
        parts.append(f"{now.failed:,} failed")
    if now.per_second:
        parts.append(f"{now.per_second:.1f} a second")
    if now.seconds_left is not None:
        parts.append(f"{duration(now.seconds_left)} left")
    return ", ".join(parts)


def duration(seconds: float) -> str:
    """A time for people: 45 s, 12 min, 3 h 20 min, 2 days 4 h."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} days {hours} h"


class IngestPresenter:
    """The sentences of one run, and its summary for programs."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.summary: dict[str, Any] = {"home": str(settings.home)}
        self.failed = 0
        """Files that failed in this run."""

    def beginning(self) -> Iterator[str]:
        """What a person wants to know before anything happens."""
        yield "Files are only read: nothing in the folder is changed."
        yield f"The catalog is in {self._place()}"

    def _place(self) -> str:
        """The home where all is in it, else the database."""
        database = open_database(self.settings.database_url)
        is_at_home = database.file is not None and database.file.absolute().parent == self.settings.home
        return str(self.settings.home) if is_at_home else database.place

    def of(self, stage: Stage) -> Iterator[str]:
        """The sentences of a stage."""
        match stage:
            case Scanned():
                yield from self._scanned(stage)
            case Labeled():
                yield from self._labeled(stage)
            case Analyzed():
                yield from self._analyzed(stage)
            case Trained():
                yield from self._learned(stage)
            case Suggested():
                yield from self._answered(stage)
            case Deduplicated():
                yield from self._compared(stage)
            case Audited():
                yield from self._audited(stage)
            case Reported():
                self.summary["report"] = str(stage.path)
                yield f"Report: {stage.path}"

    def warnings(self, stage: Stage) -> Iterator[str]:
        """What went wrong on the way, a line each."""
        match stage:
            case Scanned(reports):
                for report in reports:
                    yield from (printable(line) for line in report.warnings[:MOST_LINES])
                    if report.warned > MOST_LINES:
                        yield f"and {report.warned - MOST_LINES:,} more warnings; see: catalog scan"
            case Labeled(report) if report.unknown:
                line, name = report.unknown_examples[0]
                yield f"{pluralize(report.unknown, 'row')} of the labels {'names' if report.unknown == 1 else 'name'} no track; line {line}: {printable(name)}"
            case Trained(unheard_genres=unheard) if unheard:
                yield f"no tag of the networks speaks for {', '.join(unheard)}: nothing is suggested as that"
            case _:
                return

    def end(self) -> Iterator[str]:
        """The two commands to go on with."""
        untagged = self.summary.get("untagged", {})
        answers = {
            "sql top-suspects": self.summary.get("doubt", {}).get("suspects", 0),
            "sql untagged-confident": untagged.get("confident", 0),
            "sql class_support": True,
            "stats": True,
        }
        yield "Go on with:"
        for question in [question for question, has_answer in answers.items() if has_answer][:2]:
            yield f"  {self.settings.command} {question}"

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
            told = [f"{number:,} {what}" for what, number in changes.items() if number]
            all_new = report.added == report.files and not report.missing
            remark = "" if all_new else f" ({', '.join(told) or 'nothing has changed'})"
            yield (
                f"{printable(report.collection)}: {pluralize(report.files, 'file')}{remark}, "
                f"{pluralize(report.artists, 'artist')}, {pluralize(report.albums, 'album')}"
            )
            if report.outside:
                yield f"  {outside(report)}"
            if report.skipped:
                others = sorted(report.skipped.items(), key=lambda item: -item[1])
                kinds = ", ".join(
                    f"{printable(suffix) or 'no suffix'} {number:,}" for suffix, number in others[:4]
                )
                yield f"  {pluralize(sum(report.skipped.values()), 'other file')} passed over ({kinds})"
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
            "out_of_reach": report.out_of_reach,
            "seconds": round(report.seconds, 1),
            "failures": {kind.reason: kind.files for kind in stage.failures},
        }
        if report.analyzed or report.failed:
            yield f"{pluralize(report.analyzed, 'track')} analyzed in {duration(report.seconds)}"
        else:
            yield "Nothing new to listen to"
        if report.out_of_reach:
            yield (
                f"  {pluralize(report.out_of_reach, 'track')} left for later: the folder is not there. "
                "Mount the disk and run the same command again"
            )
        for kind in stage.failures:
            yield (
                f"  {kind.files:,} {kind.reason}: {printable(kind.message)} "
                f"({'first' if kind.files > 1 else 'it is'} {printable(kind.path)})"
            )
        if stage.sample is not None:
            yield from self._sampled(stage)

    def _sampled(self, stage: Analyzed) -> Iterator[str]:
        sample = stage.sample
        assert sample is not None
        drawn = len(sample.track_ids)
        yield (
            f"  A sample: {pluralize(drawn, 'track')} of {pluralize(sample.albums, 'album')}, "
            f"out of {sample.of_tracks:,}"
        )
        done = stage.report.analyzed + stage.report.failed
        if done:
            rest = (sample.of_tracks - drawn) * stage.report.seconds / done
            self.summary["analysis"]["seconds_for_the_rest"] = round(rest)
            yield f"  The rest would take about {duration(rest)}: the same command without --sample"

    def _learned(self, stage: Trained) -> Iterator[str]:
        self.summary["model"] = {
            "id": stage.model_id,
            "outcome": stage.training.outcome,
            "zero_shot": stage.is_zero_shot,
            **stage.training.metrics,
        }
        if stage.model_id is None:
            yield f"No model: {stage.training.reason}"
            return
        yield from _judged(stage)
        if stage.is_zero_shot:
            yield (
                f"Too little is tagged to learn from ({stage.training.reason}): genres are guessed from what the "
                "pretrained networks hear, and no tag is doubted"
            )
            return
        metrics = dict(stage.training.metrics)
        sentence = describe_score(metrics)
        yield sentence[0].upper() + sentence[1:]
        yield describe_suggestions(metrics)
        if stage.training.outcome == "rejected":
            yield f"The new model was not taken: {stage.training.reason}"

    def _answered(self, stage: Suggested) -> Iterator[str]:
        self.summary["untagged"] = {
            "tracks": stage.untagged,
            **stage.by,
            "unknown": stage.unknown,
            "confident": stage.confident,
        }
        if not stage.untagged:
            yield "Every track has a genre"
            return
        sources = {
            "album": "from the album's other tracks",
            "artist": "from the artist's other tracks",
            "audio": "from the sound",
            "zero_shot": "from the sound",
        }
        told = [f"{stage.by[by]:,} answered {words}" for by, words in sources.items() if stage.by.get(by)]
        told.append(f"{stage.unknown:,} not at all" if told else "none answered")
        yield f"{pluralize(stage.untagged, 'untagged track')}: {', '.join(told)}"

    def _compared(self, stage: Deduplicated) -> Iterator[str]:
        found = stage.duplicates
        self.summary["duplicates"] = {"pairs": len(found.pairs), "differing": found.differing}
        if found.pairs:
            differing = f", {found.differing:,} with different genres" if found.differing else ""
            yield (
                f"{pluralize(len(found.pairs), 'pair')} of tracks may be one recording{differing}; "
                "see: catalog audit duplicates"
            )

    def _audited(self, stage: Audited) -> Iterator[str]:
        audit = stage.audit
        self.summary["doubt"] = {"cases": audit.cases, "suspects": audit.suspects}
        if not audit.cases:
            if not self.summary["model"]["zero_shot"]:
                yield "No tag is in doubt"
            return
        yield f"{pluralize(audit.cases, 'case')} of doubt, {pluralize(audit.suspects, 'tag')} in all; the largest:"
        for case in audit.largest:
            yield (
                f"  {printable(case.name)}: {pluralize(case.tracks, 'track')} tagged {printable(case.tagged_genre)}, "
                f"heard as {printable(case.suggested_genre)}"
            )


def describe_suggestions(metrics: Mapping[str, Any]) -> str:
    """How many tracks the model dares to answer for, and how many of those answers are right."""
    if not metrics["share_answered"]:
        return "It is never sure enough to answer for a track without help from its album or artist"
    return (
        f"It is sure enough to answer for {metrics['share_answered']:.0%} of them, "
        f"and {metrics['answered_precision']:.0%} of those answers are right"
    )


def _spellings(report: ScanReport) -> Iterator[str]:
    genres = [one for one in report.spellings if one.genre is not None]
    known = sum(one.is_known for one in genres)
    if not genres:
        yield "  no track has a genre"
        return
    new = [one for one in genres if not one.is_known]
    yield f"  {pluralize(len(genres), 'spelling')} of genre, {known:,} of them known"
    for one in new[:MOST_LINES]:
        place = f"under {printable(one.broader)}" if one.broader else "with no broader term"
        yield f"    new: {printable(one.as_written)} ({pluralize(one.tracks, 'track')}), {place}"
    if len(new) > MOST_LINES:
        yield f"    and {len(new) - MOST_LINES:,} more; see: catalog genres unmapped"


def _judged(stage: Trained) -> Iterator[str]:
    names = stage.names
    rows = sorted(stage.training.support.values(), key=lambda row: -row.tracks)
    classes = [] if stage.is_zero_shot else [row for row in rows if row.is_class]
    if classes:
        listed = (
            f"{printable(names[row.genre_id])} ({pluralize(row.tracks, 'track')} by {pluralize(row.artists, 'artist')})"
            for row in classes
        )
        yield f"Genres that can be judged: {', '.join(listed)}"
    taken_in = [row for row in rows if row.judged and not row.is_class] if classes else []
    if taken_in:
        listed = (
            f"{printable(names[row.genre_id])} as {printable(_class(row, names))}"
            for row in taken_in[:MOST_LINES]
        )
        yield (
            f"  too few tracks or artists by themselves, judged as the broader term: {', '.join(listed)}"
            + _more(taken_in)
        )
    others = [row for row in rows if not (classes and row.judged)]
    if others:
        yield "Genres that cannot be judged:"
        for row in others[:MOST_LINES]:
            yield f"  {printable(names[row.genre_id])}: {row.reason or stage.training.reason}"
        if len(others) > MOST_LINES:
            yield f"  and {len(others) - MOST_LINES:,} more; see the view class_support"


def _class(row: Support, names: Mapping[int, str]) -> str:
    assert row.counts_for is not None
    return names[row.counts_for]


def _more(rows: list[Support]) -> str:
    return f", and {len(rows) - MOST_LINES:,} more" if len(rows) > MOST_LINES else ""
