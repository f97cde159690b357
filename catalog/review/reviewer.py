"""Reviewers: a name, and a secret link whose hash alone is stored."""

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
    """A reviewer cannot be added or revoked."""


@dataclass(frozen=True, slots=True)
class Reviewer:
    """A person who may decide."""

    name: str
    added_at: datetime
    revoked_at: datetime | None
    """When the link was revoked; None while it is valid."""


def proper_name(name: str) -> str:
    """The name with single spaces. Raises ReviewerError for an empty, long or unprintable name."""
    name = sanitize(name)
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise ReviewerError(f"a reviewer's name must have 1 to {LONGEST_NAME} printable characters")
    return name


def add_reviewer(connection: Connection, name: str) -> str:
    """Adds a reviewer and returns the token of their link, which cannot be read again.

    A revoked reviewer gets a new token. Raises ReviewerError for an invalid name or one in use.
    """
    name = proper_name(name)
    token = secrets.token_urlsafe(32)
    row = connection.execute(sa.select(reviewer).where(reviewer.c.name == name)).one_or_none()
    if row is None:
        connection.execute(sa.insert(reviewer).values(name=name, token_sha256=_hash(token)))
    elif row.revoked_at is None:
        raise ReviewerError(
            f"{name} already has a link; to replace it: catalog review reviewers revoke {name!r}, then add"
        )
    else:
        connection.execute(
            sa.update(reviewer)
            .where(reviewer.c.id == row.id)
            .values(token_sha256=_hash(token), added_at=now(), revoked_at=None)
        )
    return token


def find_reviewer(connection: Connection, token: str) -> Reviewer | None:
    """The reviewer with this token; None for an unknown or revoked token."""
    row = connection.execute(
        sa.select(reviewer.c.name, reviewer.c.added_at, reviewer.c.revoked_at).where(
            reviewer.c.token_sha256 == _hash(token), reviewer.c.revoked_at.is_(None)
        )
    ).one_or_none()
    return None if row is None else Reviewer(*row)


def list_reviewers(connection: Connection) -> list[Reviewer]:
    """All reviewers by name, including revoked ones."""
    query = sa.select(reviewer.c.name, reviewer.c.added_at, reviewer.c.revoked_at)
    return [Reviewer(*row) for row in connection.execute(query.order_by(reviewer.c.name))]


def revoke_reviewer(connection: Connection, name: str) -> None:
    """Revokes the reviewer's link; their decisions stay in effect. Raises ReviewerError if there is no valid link."""
    result = connection.execute(
        sa.update(reviewer)
        .where(reviewer.c.name == sanitize(name), reviewer.c.revoked_at.is_(None))
        .values(revoked_at=now())
    )
    if not result.rowcount:
        raise ReviewerError(f"there is no reviewer {name!r} with a link; see: catalog review reviewers list")


def _hash(token: str) -> str:
    """SHA-256 alone: a token of 256 random bits needs no salt and no slow hash."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
