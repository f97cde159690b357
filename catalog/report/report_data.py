"""Everything the report says, read from the database in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from catalog.db.columns import now
from catalog.db.database import Database
from catalog.report.catalog_totals import Totals, read_totals
from catalog.report.executive_summary import Brief, read_brief
from catalog.report.failure_reasons import Failures, read_failures
from catalog.report.feature_distributions import Colours, Exploration, read_exploration
from catalog.report.figures.cluster_map import ClusterMap, read_cluster_map
from catalog.report.figures.confusion_heatmap import HeatMap, heat_map
from catalog.report.figures.tsne_map import Map, draw, read_heard
from catalog.report.genre_tables import Genres, read_genres
from catalog.report.model_quality import Quality, read_quality
from catalog.report.open_cases import Doubts, read_doubts
from catalog.report.provenance import Provenance, read_provenance
from catalog.report.suspicion_by_genre import Suspicion, read_suspicion
from catalog.report.untagged_tracks import Untagged, read_untagged


@dataclass(frozen=True)
class Facts:
    """The report without its looks."""

    totals: Totals
    brief: Brief
    doubts: Doubts
    failures: Failures
    genres: Genres
    heat_map: HeatMap
    untagged: Untagged
    quality: Quality | None
    map: Map | None
    suspicion: Suspicion
    cluster_map: ClusterMap | None
    exploration: Exploration
    provenance: Provenance


def read_facts(database: Database, since: datetime | None = None) -> Facts:
    """Reads the facts. Memory is bounded by genres and by the dots of the map, not by tracks.

    What people did is counted from `since` on; all else is as it is now.
    """
    with database.read() as connection:
        provenance = read_provenance(connection, now())
        heard = read_heard(connection, provenance.recipe.id) if provenance.recipe else None
        genres = read_genres(connection)
        totals = read_totals(connection)
        doubts = read_doubts(connection)
        failures = read_failures(connection)
        untagged = read_untagged(connection)
        quality = read_quality(connection)
        brief = read_brief(
            connection, since, tagged=totals.tagged, audited=doubts.audited, doubted=doubts.tracks
        )
        suspicion = read_suspicion(connection, {row.genre: row.tracks for row in genres.tagged})
        cluster_map = read_cluster_map(connection, provenance.recipe.name if provenance.recipe else None)
        exploration = read_exploration(
            connection, Colours(heard.group_names, heard.groups) if heard else None
        )
    # The map takes seconds, and nobody's writing waits for it: the transaction is over.
    return Facts(
        totals=totals,
        brief=brief,
        doubts=doubts,
        failures=failures,
        genres=genres,
        heat_map=heat_map(genres.compared),
        untagged=untagged,
        quality=quality,
        map=draw(heard) if heard else None,
        suspicion=suspicion,
        cluster_map=cluster_map,
        exploration=exploration,
        provenance=provenance,
    )
