"""Output of `catalog train`: class support, scores, outcome, and the results that were updated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from catalog.cli.common.output import print_json, print_rows, say
from catalog.settings import Settings
from catalog.text import pluralize

if TYPE_CHECKING:
    from catalog.learning.training import TrainingReport
    from catalog.pipeline.refresh import Refreshed


@dataclass(frozen=True)
class TrainingResult:
    """The report of a training, and what its output needs."""

    command: str
    """The shell command of the program for this catalog."""
    report: TrainingReport
    names: Mapping[int, str]
    """Genre names by id."""
    hierarchy: str
    """The requested hierarchy: auto, local or flat."""


def print_training(result: TrainingResult, output_format: str, refreshed: Refreshed | None = None) -> None:
    """Prints the training; JSON includes the results that were updated."""
    from catalog.report.score_report import score_report

    report = result.report
    rows = _support_rows(result)
    if output_format == "json":
        print_json(
            {
                "outcome": report.outcome,
                "reason": report.reason,
                "model_id": report.model_id,
                "support": rows,
                "metrics": None if report.metrics is None else report.metrics.to_json(),
                **_refreshed_json(refreshed),
            }
        )
        return
    if rows:
        print_rows(rows, output_format)
    say(_summary(result))
    if report.metrics is not None:
        say("\n".join(["", *score_report(report.metrics), ""]))


def say_refreshed(settings: Settings, refreshed: Refreshed) -> None:
    """Prints the number of flagged tags, the path of the report, and the next step."""
    audit = refreshed.audit
    say(f"{pluralize(audit.cases, 'case')} ({pluralize(audit.suspects, 'track')}) flagged with this model")
    say(f"report: {refreshed.report}")
    if audit.cases:
        say(f"to review the cases: {settings.command} review serve --open")


def _support_rows(result: TrainingResult) -> list[dict[str, Any]]:
    names = result.names
    return [
        {
            "genre": names[row.genre_id],
            "tracks": row.tracks,
            "artists": row.artists,
            "counts_for": None if row.counts_for is None else names[row.counts_for],
            "reason": row.reason,
        }
        for row in sorted(result.report.support.values(), key=lambda row: -row.tracks)
    ]


def _refreshed_json(refreshed: Refreshed | None) -> dict[str, Any]:
    if refreshed is None:
        return {"predictions": None, "audit": None, "report": None}
    audit = refreshed.audit
    return {
        "predictions": refreshed.predictions,
        "audit": {"audit_id": audit.audit_id, "cases": audit.cases, "suspects": audit.suspects},
        "report": str(refreshed.report),
    }


def _summary(result: TrainingResult) -> str:
    """Describes the outcome of a training, and the next step after a rejected one."""
    report = result.report
    if report.model_id is None:
        return f"{report.outcome}: {report.reason}"
    summary = f"model {report.model_id}: {report.outcome}; {report.reason}"
    is_flat = report.metrics is not None and report.metrics.hierarchy is None
    if result.hierarchy == "local" and is_flat:
        summary = f"--hierarchy local has no effect: no genre has two subgenres that are classes\n{summary}"
    summary += "".join(f"\n{line}" for line in report.vanished)
    if report.outcome == "rejected":
        summary += f"\nto activate it anyway: {result.command} models promote {report.model_id}"
    return summary
