"""Leases: one reviewer at a time has a case."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.columns import now
from catalog.db.tables import review_lease
from catalog.db.upsert import insert_into
from catalog.review.case_list import Filters, ordered_cases

LEASE = timedelta(minutes=15)


def acquire(connection: Connection, case_id: str, reviewer: str, moment: datetime | None = None) -> bool:
    """Acquires or renews the lease of a case for 15 minutes; False, without a change, if another reviewer has it.

    Needs a writing transaction. Of concurrent calls exactly one succeeds.
    """
    moment = moment or now()
    until = moment + LEASE
    insert = insert_into(connection, review_lease).values(case_id=case_id, reviewer=reviewer, until=until)
    acquired = connection.execute(
        insert.on_conflict_do_update(
            index_elements=[review_lease.c.case_id],
            set_={"reviewer": reviewer, "until": until},
            where=sa.or_(review_lease.c.reviewer == reviewer, review_lease.c.until <= moment),
        ).returning(review_lease.c.case_id)
    )
    return acquired.first() is not None


def acquire_only(connection: Connection, case_id: str, reviewer: str, moment: datetime | None = None) -> bool:
    """As `acquire`, and releases all other leases of the reviewer."""
    if not acquire(connection, case_id, reviewer, moment):
        return False
    others = sa.and_(review_lease.c.reviewer == reviewer, review_lease.c.case_id != case_id)
    connection.execute(sa.delete(review_lease).where(others))
    return True


def release(connection: Connection, reviewer: str, case_id: str | None = None) -> None:
    """Releases a lease of the reviewer, or all of them."""
    mine = review_lease.c.reviewer == reviewer
    if case_id is not None:
        mine = sa.and_(mine, review_lease.c.case_id == case_id)
    connection.execute(sa.delete(review_lease).where(mine))


def holder(connection: Connection, case_id: str, moment: datetime | None = None) -> str | None:
    """The reviewer with the lease at this moment."""
    query = sa.select(review_lease.c.reviewer).where(
        review_lease.c.case_id == case_id, review_lease.c.until > (moment or now())
    )
    return connection.execute(query).scalar_one_or_none()


def next_case(
    connection: Connection,
    reviewer: str,
    filters: Filters | None = None,
    *,
    after: str | None = None,
    behind: str | None = None,
    moment: datetime | None = None,
) -> str | None:
    """The id of the most suspicious open case without another reviewer's lease, now leased to this reviewer; None if
    all are.

    An open case that the reviewer already holds comes first, as after a page reload. `after` is a case to skip: it is
    released, and the search continues after it and wraps around. Without it the search starts after `behind` and
    wraps around, so that `behind` itself is tried last. Needs a writing transaction.
    """
    moment = moment or now()
    queue = _queue(connection, filters or Filters(), reviewer, after, behind, moment)
    for case_id in queue:
        if acquire_only(connection, case_id, reviewer, moment):
            return case_id
    if after is not None:
        release(connection, reviewer, after)
    return None


def upcoming_case(
    connection: Connection, reviewer: str, filters: Filters, *, behind: str | None = None
) -> str | None:
    """The case that `next_case` would probably return after `behind`; nothing is leased."""
    queue = _queue(connection, filters, reviewer, behind, None, now())
    return next(iter(queue), None)


def _queue(
    connection: Connection,
    filters: Filters,
    reviewer: str,
    after: str | None,
    behind: str | None,
    moment: datetime,
) -> list[str]:
    """The open cases without another reviewer's lease, in order."""
    rows = ordered_cases(connection, replace(filters, state="all"), moment)
    # A case that was just decided keeps its position, so that cases skipped before it do not come again.
    last = behind if after is None else after
    place = next((at for at, row in enumerate(rows) if row.case_id == last), -1) + 1
    free = [
        row
        for row in rows[place:] + rows[:place]
        if row.open_tracks and row.held_by in {None, reviewer} and row.case_id != after
    ]
    if after is None:
        free.sort(key=lambda row: row.held_by != reviewer)
    return [row.case_id for row in free]
