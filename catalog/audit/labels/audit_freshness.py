"""Whether the latest label audit was made with the active model."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.tables import audit, model
from catalog.db.track_query import latest_audit

REMEDY = "catalog audit labels"
"""The command that audits the labels with the active model."""


@dataclass(frozen=True, slots=True)
class StaleAudit:
    """The latest label audit was made with another model than the active one."""

    audited_model: int | None
    """None if that model is no longer stored."""
    active_model: int

    @property
    def finding(self) -> str:
        """The two models in a clause."""
        audited = "a deleted model" if self.audited_model is None else f"model {self.audited_model}"
        return f"the flagged tags are from an audit with {audited}, but model {self.active_model} is active"

    @property
    def message(self) -> str:
        """One line: what is stale, and the command that updates it."""
        return f"{self.finding}; to update them: {REMEDY}"


def find_stale_audit(connection: Connection) -> StaleAudit | None:
    """Returns the model of the latest label audit and the active model if they differ.

    None if they are the same, if there is no active model, or if no label audit is finished.
    """
    row = connection.execute(
        sa.select(audit.c.model_id, model.c.id.label("active"))
        .join_from(audit, model, model.c.status == "active")
        .where(audit.c.id == latest_audit("labels"))
    ).one_or_none()
    if row is None or row.model_id == row.active:
        return None
    return StaleAudit(row.model_id, row.active)
