"""Reviewers and their links."""

from __future__ import annotations

import pytest

from catalog.db.database import Database
from catalog.review.reviewer import (
    ReviewerError,
    add_reviewer,
    find_reviewer,
    list_reviewers,
    proper_name,
    revoke_reviewer,
)


def test_a_token_finds_its_reviewer_until_it_is_revoked(database: Database) -> None:
    with database.write() as connection:
        token = add_reviewer(connection, " Ada  Lovelace ")
        found = find_reviewer(connection, token)
        assert found is not None
        assert found.name == "Ada Lovelace"
        with pytest.raises(ReviewerError, match="already has a link"):
            add_reviewer(connection, "Ada Lovelace")
        revoke_reviewer(connection, "Ada Lovelace")
        assert find_reviewer(connection, token) is None
        with pytest.raises(ReviewerError, match="no reviewer"):
            revoke_reviewer(connection, "Ada Lovelace")
        assert add_reviewer(connection, "Ada Lovelace") != token
        assert [reviewer.revoked_at for reviewer in list_reviewers(connection)] == [None]


@pytest.mark.parametrize("name", ["", "   ", "x" * 81])
def test_names_must_be_printable_and_short(name: str) -> None:
    with pytest.raises(ReviewerError, match="1 to 80 printable characters"):
        proper_name(name)
