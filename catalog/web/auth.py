"""Who comes in: links with a token, which a cookie keeps."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Mapping

from sqlalchemy import Connection

from catalog.review.reviewer import ReviewerError, add_reviewer, find_reviewer, list_reviewers


def make_links(connection: Connection, names: Iterable[str]) -> dict[str, str]:
    """A token of this run for every reviewer who may come in, those named being made where they are new.

    The database keeps only hashes of the links that `review reviewers add` printed; these links go on to hold, and
    those of this run hold beside them, in memory. Needs a writing transaction. Raises ReviewerError for a name that
    cannot be, or was revoked.
    """
    known = {each.name: each for each in list_reviewers(connection)}
    for name in names:
        if name not in known:
            add_reviewer(connection, name)
        elif known[name].revoked_at is not None:
            raise ReviewerError(
                f"the link of {name} was revoked; catalog review reviewers add {name!r} gives a new one"
            )
    return {
        each.name: secrets.token_urlsafe(32) for each in list_reviewers(connection) if each.revoked_at is None
    }


class Auth:
    """Whose token a token is."""

    def __init__(self, links: Mapping[str, str]) -> None:
        """`links` are the tokens of this run, by the reviewer's name."""
        # By hash: how long a look-up takes says nothing of the token then.
        self._names = {_hash(token): name for name, token in links.items()}
        self._links = dict(links)
        self._invitations: dict[bytes, str] = {}

    def invite(self, name: str) -> str:
        """A token in place of a reviewer's that opens the page once: for an argument list, which all of a host can read."""
        token = secrets.token_urlsafe(32)
        self._invitations[_hash(token)] = self._links[name]
        return token

    def redeem(self, token: str) -> str:
        """The token that an invitation stands for, which is void from now on; any other token as it is."""
        return self._invitations.pop(_hash(token), token)

    def reviewer(self, connection: Connection, token: str | None) -> str | None:
        """The reviewer's name; None for nobody's token and for one who was revoked."""
        if not token:
            return None
        name = self._names.get(_hash(token))
        if name is None:
            found = find_reviewer(connection, token)
            return None if found is None else found.name
        active = (each.name for each in list_reviewers(connection) if each.revoked_at is None)
        return name if name in active else None


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
