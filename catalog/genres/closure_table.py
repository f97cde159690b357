"""`genre_ancestor`, the closure of the broader terms: computed from `genre`, kept in rows for SQL to join."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.tables import genre, genre_ancestor

Closure = dict[tuple[int, int], int]
"""Distance by (genre id, ancestor id); 0 from a genre to itself."""


def rebuild_ancestors(connection: Connection) -> int:
    """Brings the closure up to date; gives the number of rows written or deleted."""
    stored, wanted = _stored(connection), _computed(connection)
    surplus = [{"g": g, "a": a} for (g, a), far in stored.items() if wanted.get((g, a)) != far]
    lacking = [
        {"genre_id": g, "ancestor_id": a, "distance": far}
        for (g, a), far in wanted.items()
        if stored.get((g, a)) != far
    ]
    if surplus:
        table = genre_ancestor.c
        row = (table.genre_id == sa.bindparam("g")) & (table.ancestor_id == sa.bindparam("a"))
        connection.execute(sa.delete(genre_ancestor).where(row), surplus)
    if lacking:
        connection.execute(sa.insert(genre_ancestor), lacking)
    return len(surplus) + len(lacking)


def add_ancestors(connection: Connection, genre_id: int, parent_id: int | None) -> None:
    """Writes the closure of a new term that nothing is beneath."""
    connection.execute(sa.insert(genre_ancestor).values(genre_id=genre_id, ancestor_id=genre_id, distance=0))
    if parent_id is not None:
        above = sa.select(
            sa.literal(genre_id, sa.BigInteger()),
            genre_ancestor.c.ancestor_id,
            genre_ancestor.c.distance + 1,
        ).where(genre_ancestor.c.genre_id == parent_id)
        connection.execute(
            sa.insert(genre_ancestor).from_select(["genre_id", "ancestor_id", "distance"], above)
        )


def check_ancestors(connection: Connection) -> list[str]:
    """What in the closure is not what the broader terms give, one sentence each; empty where all is well."""
    stored, wanted = _stored(connection), _computed(connection)
    names: dict[int, str] = {
        row.id: row.name for row in connection.execute(sa.select(genre.c.id, genre.c.name))
    }
    found = [
        f"genre {names[g]!r}: is {stored.get((g, a), 'not')} below {names[a]!r}, should be {wanted.get((g, a), 'not')}"
        for g, a in sorted(stored.keys() | wanted.keys())
        if stored.get((g, a)) != wanted.get((g, a))
    ]
    return found + [f"genre {names[each]!r}: is broader than itself" for each in _in_circles(connection)]


def _stored(connection: Connection) -> Closure:
    return {(g, a): far for g, a, far in connection.execute(sa.select(genre_ancestor))}


def _computed(connection: Connection) -> Closure:
    broader = _broader(connection)
    closure: Closure = {}
    for each in broader:
        above: int | None = each
        distance = 0
        while above is not None and (each, above) not in closure:
            closure[each, above] = distance
            above = broader[above]
            distance += 1
    return closure


def _in_circles(connection: Connection) -> list[int]:
    broader = _broader(connection)
    found = []
    for each in broader:
        seen: set[int] = set()
        above = broader[each]
        while above is not None and above not in seen:
            seen.add(above)
            above = broader[above]
        if each in seen:
            found.append(each)
    return found


def _broader(connection: Connection) -> dict[int, int | None]:
    rows = connection.execute(sa.select(genre.c.id, genre.c.parent_id))
    return {row.id: row.parent_id for row in rows}
