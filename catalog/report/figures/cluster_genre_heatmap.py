"""Contingency table of tagged genres and clusters of the latest cluster run, ordered for display."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.audit.clusters.cluster_run_store import Run, list_runs
from catalog.audit.clusters.contingency import NOISE, ClusterAgreement
from catalog.db.tables import cluster_count
from catalog.report.figures.confusion_heatmap import REST, STEPS
from catalog.report.genre_agreement import read_genre_tree

MOST_ROWS = 24
MOST_COLUMNS = 24
"""More do not fit on a page: the rarer genres are summed in one row, the smaller clusters in one column."""


@dataclass(frozen=True)
class ClusterCell:
    """Tracks of the row's genre in the column's cluster."""

    tracks: int
    shade: int
    """0 (empty) to 6 (at least 75 % of the row)."""
    is_main: bool
    """Whether this is the cluster with the most tracks of the genre."""


@dataclass(frozen=True)
class ClusterRow:
    """One genre."""

    genre: str
    tracks: int
    cells: tuple[ClusterCell, ...]


@dataclass(frozen=True)
class ClusterMap:
    """Rows are genres, columns clusters, ordered so that the main clusters are on the diagonal."""

    run: int
    algorithm: str
    feature_set: str
    clusters: int
    columns: tuple[tuple[str, int], ...]
    """Name and number of labeled tracks of each column."""
    rows: tuple[ClusterRow, ...]
    left_out: int
    """Number of genres summed in the last row."""
    agreement: ClusterAgreement | None


def read_cluster_map(connection: Connection, feature_set: str | None) -> ClusterMap | None:
    """The newest run with at least two clusters, preferably over this feature set; None without any."""
    runs = [run for run in list_runs(connection) if run.clusters > 1]
    run = next((run for run in runs if run.feature_set == feature_set), next(iter(runs), None))
    return None if run is None else read_run_map(connection, run)


def read_run_map(connection: Connection, run: Run) -> ClusterMap | None:
    """The genres of a run by its clusters; None without a labeled track."""
    terms = read_genre_tree(connection)
    table: defaultdict[str, Counter[int]] = defaultdict(Counter)
    for cluster, genre_id, tracks in connection.execute(
        sa.select(cluster_count.c.cluster, cluster_count.c.genre_id, cluster_count.c.tracks).where(
            cluster_count.c.cluster_run_id == run.id
        )
    ):
        table[terms.name(genre_id)][cluster] += tracks
    return arrange(run, table) if table else None


def arrange(run: Run, table: Mapping[str, Counter[int]]) -> ClusterMap:
    """Orders the table: the largest genres first, the clusters by the genre with the largest share in them."""
    largest = sorted(table, key=lambda name: (-table[name].total(), name))
    shown, rest = largest[:MOST_ROWS], largest[MOST_ROWS:]
    rows = {name: table[name] for name in shown}
    if rest:
        rows[REST] = sum((table[name] for name in rest), Counter())
    sizes: Counter[int] = sum(rows.values(), Counter())
    by_size = sorted((cluster for cluster in sizes if cluster != NOISE), key=lambda at: (-sizes[at], at))
    largest_clusters, small_clusters = by_size[:MOST_COLUMNS], by_size[MOST_COLUMNS:]
    names = list(rows)
    order = sorted(largest_clusters, key=lambda at: (_main_genre(at, names, rows), -sizes[at], at))
    columns: list[tuple[str, list[int]]] = [(str(at), [at]) for at in order]
    columns += [("others", small_clusters)] * bool(small_clusters) + [("no cluster", [NOISE])] * (
        NOISE in sizes
    )
    return ClusterMap(
        run=run.id,
        algorithm=run.algorithm.replace("_", " "),
        feature_set=run.feature_set,
        clusters=run.clusters,
        columns=tuple((name, sum(sizes[at] for at in clusters)) for name, clusters in columns),
        rows=tuple(
            _row(name, [sum(counts[at] for at in clusters) for _, clusters in columns], len(order))
            for name, counts in rows.items()
        ),
        left_out=len(rest),
        agreement=run.outcome.agreement,
    )


def _main_genre(cluster: int, names: list[str], rows: Mapping[str, Counter[int]]) -> int:
    """The row of the genre with the largest share of its tracks in a cluster."""
    return max(range(len(names)), key=lambda at: (rows[names[at]][cluster] / rows[names[at]].total(), -at))


def _row(name: str, counts: list[int], clusters: int) -> ClusterRow:
    total = sum(counts)
    # The columns of small clusters and of noise are never the main cluster.
    most = max(counts[:clusters], default=0)
    return ClusterRow(
        name,
        total,
        tuple(
            ClusterCell(
                tracks=number,
                shade=1 + sum(number / total >= limit for limit in STEPS) if number else 0,
                is_main=number == most > 0
                and at < clusters
                and name != REST
                and counts[:clusters].count(most) == 1,
            )
            for at, number in enumerate(counts)
        ),
    )
