"""Finds the case that an argument of a command names: its id, its number in the list, or its artist."""

from __future__ import annotations

import re

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.columns import now
from catalog.db.tables import track
from catalog.errors import CatalogError
from catalog.review.case_list import CaseRow, Filters, State, find_case_row, list_cases, read_case

LENGTH_OF_ID = 16
"""Characters of a case id, which may be digits only."""
SHOWN_CASES = 8
_NUMBER = re.compile(r"c(\d{1,9})", re.IGNORECASE | re.ASCII)


class AmbiguousCaseError(CatalogError):
    """The argument names several cases, or a case and a track."""


def find_case(connection: Connection, text: str) -> CaseRow | None:
    """The case of the latest audit with this id, this number (`c3`), or tracks of this artist only.

    The number is that of `catalog review list`; it stays the same until the next audit. None if there is no such case.
    Raises AmbiguousCaseError for an artist with several open cases, and for one whose name is also a title.
    """
    name = text.strip()
    if name.isdecimal() and len(name) < LENGTH_OF_ID:
        # The id of a track.
        return None
    if name.isascii() and (case := find_case_row(connection, name)) is not None:
        return case
    if match := _NUMBER.fullmatch(name):
        case = read_case(connection, lambda cases: cases.c.number == int(match[1]), now())
        if case is not None:
            return case
    return _case_of_artist(connection, name) if name and name.isprintable() else None


def describe_case(case: CaseRow) -> str:
    """`c3: Motörhead, Metal -> Rock, 10 tracks` for a case."""
    owner = case.artist or case.album or "unknown artist"
    tracks = "1 track" if case.tracks == 1 else f"{case.tracks:,} tracks"
    return f"c{case.number}: {owner}, {case.tagged_genre} -> {case.suggested_genre}, {tracks}"


def _case_of_artist(connection: Connection, name: str) -> CaseRow | None:
    states: tuple[State, ...] = ("open", "decided")
    for state in states:
        found = list_cases(connection, Filters(artist=name, state=state), per_page=SHOWN_CASES)
        own = [case for case in found.cases if case.artist is not None]
        if not own:
            continue
        if len(own) > 1:
            listed = "; ".join(map(describe_case, own))
            raise AmbiguousCaseError(f"{name!r} has several cases; give a number: {listed}")
        is_title = sa.select(track.c.id).where(track.c.title == name).limit(1)
        title = connection.execute(is_title).scalar_one_or_none()
        if title is not None:
            raise AmbiguousCaseError(
                f"{name!r} is the artist of case c{own[0].number} and the title of track {title}; specify one of them"
            )
        return own[0]
    return None
