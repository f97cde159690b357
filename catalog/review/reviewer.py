"""Reviewers: a name, and a secret link of which only the hash is kept."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.columns import now
from catalog.db.tables import reviewer
from catalog.errors import CatalogError
from catalog.text import sanitize

LONGEST_NAME = 80


class ReviewerError(CatalogError):
    """A reviewer cannot be added or revoked; the message says why, in one line."""


@dataclass(frozen=True, slots=True)
class Reviewer:
    """Somebody who may decide."""

    name: str
    added_at: datetime
    revoked_at: datetime | None
    """When the link was taken away; None while it opens the page."""


def proper_name(name: str) -> str:
    """The name as it is kept, spaces one each. Raises ReviewerError for one that is empty or long, or cannot be printed."""
    name = sanitize(name)
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise ReviewerError(f"a reviewer's name has 1 to {LONGEST_NAME} characters that can be printed")
    return name


def add_reviewer(connection: Connection, name: str) -> str:
    """Makes a reviewer and gives the token of the link, which nobody can read again.

    A revoked reviewer comes back with a new token. Raises ReviewerError for a name that is empty, long, or in use.
    """
    name = proper_name(name)
    token = secrets.token_urlsafe(32)
    row = connection.execute(sa.select(reviewer).where(reviewer.c.name == name)).one_or_none()
    if row is None:
        connection.execute(sa.insert(reviewer).values(name=name, token_sha256=_hash(token)))
    elif row.revoked_at is None:
        raise ReviewerError(
            f"{name} has a link already; for a new one: catalog review reviewers revoke {name!r}, then add"
        )
    else:
        connection.execute(
            sa.update(reviewer)
            .where(reviewer.c.id == row.id)
            .values(token_sha256=_hash(token), added_at=now(), revoked_at=None)
        )
    return token


def find_reviewer(connection: Connection, token: str) -> Reviewer | None:
    """Whose link this is; None where it is nobody's, or was revoked."""
    row = connection.execute(
        sa.select(reviewer.c.name, reviewer.c.added_at, reviewer.c.revoked_at).where(
            reviewer.c.token_sha256 == _hash(token), reviewer.c.revoked_at.is_(None)
        )
    ).one_or_none()
    return None if row is None else Reviewer(*row)


def list_reviewers(connection: Connection) -> list[Reviewer]:
    """All reviewers by name, the revoked included."""
    query = sa.select(reviewer.c.name, reviewer.c.added_at, reviewer.c.revoked_at)
    return [Reviewer(*row) for row in connection.execute(query.order_by(reviewer.c.name))]


def revoke_reviewer(connection: Connection, name: str) -> None:
    """Takes the link away; what the reviewer decided stands. Raises ReviewerError where there is none to take."""
    done = connection.execute(
        sa.update(reviewer)
        .where(reviewer.c.name == sanitize(name), reviewer.c.revoked_at.is_(None))
        .values(revoked_at=now())
    )
    if not done.rowcount:
        raise ReviewerError(f"there is no reviewer {name!r} with a link; see: catalog review reviewers list")


def _hash(token: str) -> str:
    """SHA-256 alone: a token of 256 random bits needs no salt and no slow hash."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
