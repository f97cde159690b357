"""Whether the latest label audit is of the active model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from catalog.audit.labels.audit_freshness import StaleAudit, find_stale_audit
from catalog.audit.labels.label_audit import audit_labels
from catalog.db.database import Database
from catalog.learning.registry.registry import promote
from catalog.learning.training import train
from tests.integration.audit.mislabeled_collection import WANTED, Fill, mistag


def stale(database: Database) -> StaleAudit | None:
    with database.read() as connection:
        return find_stale_audit(connection)


def test_an_audit_is_stale_while_another_model_is_active(
    database: Database, fill_labeled: Fill, tmp_path: Path
) -> None:
    filled = fill_labeled()
    mistag(database, filled.tracks["Jazz"][:2], "Metal")
    assert stale(database) is None
    train(database, tmp_path, WANTED)
    assert stale(database) is None, "there is no audit yet"
    audit_labels(database)
    assert stale(database) is None
    train(database, tmp_path, replace(WANTED, seed=1, force=True))
    found = stale(database)
    assert found == StaleAudit(audited_model=1, active_model=2)
    assert found.message == (
        "the flagged tags are from an audit with model 1, but model 2 is active; to update them: catalog audit labels"
    )
    audit_labels(database)
    assert stale(database) is None
    with database.write() as connection:
        promote(connection, 1)
    assert stale(database) == StaleAudit(audited_model=2, active_model=1)


def test_a_dry_run_does_not_refresh_the_audit(database: Database, fill_labeled: Fill, tmp_path: Path) -> None:
    fill_labeled()
    train(database, tmp_path, WANTED)
    audit_labels(database)
    train(database, tmp_path, replace(WANTED, seed=1, force=True))
    audit_labels(database, dry_run=True)
    assert stale(database) is not None
