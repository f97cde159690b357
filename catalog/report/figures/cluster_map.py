"""Clusters against labels: the contingency table of the latest cluster run, arranged to be looked at."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.audit.clusters.cluster_run import Run, list_runs
from catalog.audit.clusters.contingency import NOISE, ClusterAgreement
from catalog.db.tables import cluster_count
from catalog.report.figures.confusion_heatmap import REST, STEPS
from catalog.report.genre_agreement import read_terms

MOST_ROWS = 24
MOST_COLUMNS = 24
"""More do not fit a page; the rarer genres are summed up in a last row, the smaller clusters in a last column."""


@dataclass(frozen=True)
class ClusterCell:
    """Tracks of the row's genre in the column's cluster."""

    tracks: int
    step: int
    """0 (empty) to 6 (nearly the whole row)."""
    is_home: bool
    """Whether more of the genre's tracks lie here than in any other cluster."""


@dataclass(frozen=True)
class ClusterRow:
    """One genre."""

    genre: str
    tracks: int
    cells: tuple[ClusterCell, ...]


@dataclass(frozen=True)
class ClusterMap:
    """Rows are genres, columns clusters; both in an order that puts the homes on the diagonal."""

    run: int
    algorithm: str
    feature_set: str
    clusters: int
    columns: tuple[tuple[str, int], ...]
    """What each column is called, and its labeled tracks."""
    rows: tuple[ClusterRow, ...]
    left_out: int
    """Genres that are summed up in the last row."""
    agreement: ClusterAgreement | None


def read_cluster_map(connection: Connection, feature_set: str | None) -> ClusterMap | None:
    """The newest run that found clusters, one over this feature set if there is one; None without any."""
    runs = [run for run in list_runs(connection) if run.clusters > 1]
    run = next((run for run in runs if run.feature_set == feature_set), next(iter(runs), None))
    if run is None:
        return None
    terms = read_terms(connection)
    table: defaultdict[str, Counter[int]] = defaultdict(Counter)
    for cluster, genre_id, tracks in connection.execute(
        sa.select(cluster_count.c.cluster, cluster_count.c.genre_id, cluster_count.c.tracks).where(
            cluster_count.c.cluster_run_id == run.id
        )
    ):
        table[terms.name(genre_id)][cluster] += tracks
    return arrange(run, table) if table else None


def arrange(run: Run, table: Mapping[str, Counter[int]]) -> ClusterMap:
    """Orders the tracks by genre and cluster: the largest genres first, each cluster under the genre it is home to."""
    largest = sorted(table, key=lambda name: (-table[name].total(), name))
    shown, rest = largest[:MOST_ROWS], largest[MOST_ROWS:]
    rows = {name: table[name] for name in shown}
    if rest:
        rows[REST] = sum((table[name] for name in rest), Counter())
    sizes: Counter[int] = sum(rows.values(), Counter())
    found = sorted((cluster for cluster in sizes if cluster != NOISE), key=lambda at: (-sizes[at], at))
    seen, further = found[:MOST_COLUMNS], found[MOST_COLUMNS:]
    names = list(rows)
    order = sorted(seen, key=lambda at: (_owner(at, names, rows), -sizes[at], at))
    columns: list[tuple[str, list[int]]] = [(str(at), [at]) for at in order]
    columns += [("others", further)] * bool(further) + [("no cluster", [NOISE])] * (NOISE in sizes)
    return ClusterMap(
        run=run.id,
        algorithm=run.algorithm.replace("_", " "),
        feature_set=run.feature_set,
        clusters=run.clusters,
        columns=tuple((name, sum(sizes[at] for at in held)) for name, held in columns),
        rows=tuple(
            _row(name, [sum(counts[at] for at in held) for _, held in columns], len(order))
            for name, counts in rows.items()
        ),
        left_out=len(rest),
        agreement=run.outcome.agreement,
    )


def _owner(cluster: int, names: list[str], rows: Mapping[str, Counter[int]]) -> int:
    """The place of the genre that has the largest part of itself in a cluster."""
    return max(range(len(names)), key=lambda at: (rows[names[at]][cluster] / rows[names[at]].total(), -at))


def _row(name: str, counts: list[int], clusters: int) -> ClusterRow:
    total = sum(counts)
    # The sum of the smaller clusters and the noise are nobody's home.
    most = max(counts[:clusters], default=0)
    return ClusterRow(
        name,
        total,
        tuple(
            ClusterCell(
                tracks=number,
                step=1 + sum(number / total >= limit for limit in STEPS) if number else 0,
                is_home=number == most > 0
                and at < clusters
                and name != REST
                and counts[:clusters].count(most) == 1,
            )
            for at, number in enumerate(counts)
        ),
    )
