"""Warning of the commands that show flagged tags after the active model has changed."""

from __future__ import annotations

from sqlalchemy import Connection

from catalog.audit.labels.audit_freshness import find_stale_audit
from catalog.cli.common.output import warn


def warn_of_stale_audit(connection: Connection) -> None:
    """Prints one line if the flagged tags are from an audit with another model than the active one."""
    if (stale := find_stale_audit(connection)) is not None:
        warn(stale.message)
