"""Brings predictions, label audit and report up to date with the active model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from catalog.audit.labels.label_audit import LabelAudit, audit_labels
from catalog.db.database import Database
from catalog.db.retry import read_with_retry, retry_until_connected
from catalog.learning.prediction.batch_inference import ExecutorFactory
from catalog.learning.prediction.fill_predictions import fill_predictions
from catalog.learning.registry.registry import require_active
from catalog.report.model_card import write_report_folder
from catalog.settings import Settings


@dataclass(frozen=True)
class Refreshed:
    """The results that belong to the active model."""

    predictions: int
    """Number of new and changed predictions."""
    audit: LabelAudit
    report: Path


def refresh_results(
    database: Database,
    settings: Settings,
    *,
    executor_factory: ExecutorFactory | None = None,
    on_stage: Callable[[str], None] = lambda _stage: None,
) -> Refreshed:
    """Fills the predictions of the active model, audits the labels with it, and writes the report.

    Each step does only what has changed. `on_stage` receives `predicting`, `auditing` and `reporting`. A lost database
    connection is retried. Raises NoModelError without an active model, ArtifactRejectedError, and ReportWriteError.
    """
    on_stage("predicting")
    model_id = read_with_retry(database, require_active)["id"]
    fill = partial(fill_predictions, database, settings.models, model_id, executor_factory=executor_factory)
    predictions = retry_until_connected(fill)
    on_stage("auditing")
    audit = audit_labels(database)
    on_stage("reporting")
    write = partial(write_report_folder, database, settings.report, command=settings.command)
    return Refreshed(predictions, audit, retry_until_connected(write))
