"""Finds the tracks of the rows of a labels file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import sqlalchemy as sa

from catalog.collection.labels.label_file import LabelRow
from catalog.collection.name_matching import NameMatcher
from catalog.collection.path_matching import find_paths
from catalog.db.tables import collection


def match_rows(matcher: NameMatcher, rows: Sequence[LabelRow]) -> list[set[int]]:
    """The ids of the tracks of each row; empty for a row that matches none, several for an ambiguous one.

    A row that names its collection, as `catalog export labels` does, is looked for there first; then a path counts
    more than an external id.
    """
    in_collection = _in_named_collections(matcher, rows)
    rest = [row for row in rows if row.line not in in_collection]
    by_name = matcher.find({row.path for row in rest if row.path})
    ids = {row.external_id for row in rest if row.external_id and row.path not in by_name}
    by_id = matcher.find_external(ids)
    return [
        in_collection.get(row.line)
        or by_name.get(row.path or "")
        or by_id.get(row.external_id or "")
        or set()
        for row in rows
    ]


def _in_named_collections(matcher: NameMatcher, rows: Sequence[LabelRow]) -> dict[int, set[int]]:
    """The tracks by line of the rows whose collection exists."""
    named: defaultdict[str, list[LabelRow]] = defaultdict(list)
    for row in rows:
        if row.collection:
            named[row.collection].append(row)
    matches: dict[int, set[int]] = {}
    for name, collection_id in matcher.connection.execute(
        sa.select(collection.c.name, collection.c.id)
    ).all():
        if name not in named or matcher.collection_id not in {None, collection_id}:
            continue
        own = [root for root in matcher.roots if root.id == collection_id]
        paths = {row.path for row in named[name] if row.path}
        by_path = find_paths(matcher.connection, own, own[0].path, paths) if own else {}
        external = NameMatcher(matcher.connection, matcher.folder, name).find_external(
            {row.external_id for row in named[name] if row.external_id}
        )
        for row in named[name]:
            found = by_path.get(row.path or "") or external.get(row.external_id or "")
            if found:
                matches[row.line] = found
    return matches
