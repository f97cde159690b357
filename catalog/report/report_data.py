"""Everything the report says, read from the database in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from catalog.db.columns import now
from catalog.db.database import Database
from catalog.report.catalog_totals import CatalogTotals, read_totals
from catalog.report.executive_summary import ExecutiveSummary, read_executive_summary
from catalog.report.failure_reasons import Failures, read_failures
from catalog.report.feature_distributions import FeatureDistributions, GenreColors, read_feature_distributions
from catalog.report.figures.cluster_map import ClusterMap, read_cluster_map
from catalog.report.figures.confusion_heatmap import HeatMap, heat_map
from catalog.report.figures.tsne_map import TsneMap, draw_map, read_plotted_tracks
from catalog.report.genre_agreement import Genres, read_genres
from catalog.report.model_quality import Quality, read_quality
from catalog.report.open_cases import OpenCases, read_open_cases
from catalog.report.provenance import Provenance, read_provenance
from catalog.report.suspicion_by_genre import Suspicion, read_suspicion
from catalog.report.untagged_tracks import Untagged, read_untagged


@dataclass(frozen=True)
class ReportData:
    """The report without its looks."""

    totals: CatalogTotals
    brief: ExecutiveSummary
    doubts: OpenCases
    failures: Failures
    genres: Genres
    heat_map: HeatMap
    untagged: Untagged
    quality: Quality | None
    map: TsneMap | None
    suspicion: Suspicion
    cluster_map: ClusterMap | None
    exploration: FeatureDistributions
    provenance: Provenance


def read_report_data(database: Database, since: datetime | None = None) -> ReportData:
    """Reads the facts. Memory is bounded by genres and by the dots of the map, not by tracks.

    What people did is counted from `since` on; all else is as it is now.
    """
    with database.read() as connection:
        provenance = read_provenance(connection, now())
        heard = read_plotted_tracks(connection, provenance.recipe.id) if provenance.recipe else None
        genres = read_genres(connection)
        totals = read_totals(connection)
        doubts = read_open_cases(connection)
        failures = read_failures(connection)
        untagged = read_untagged(connection)
        quality = read_quality(connection)
        brief = read_executive_summary(
            connection, since, tagged=totals.tagged, audited=doubts.audited, doubted=doubts.tracks
        )
        suspicion = read_suspicion(connection, {row.genre: row.tracks for row in genres.tagged})
        cluster_map = read_cluster_map(connection, provenance.recipe.name if provenance.recipe else None)
        exploration = read_feature_distributions(
            connection, GenreColors(heard.group_names, heard.groups) if heard else None
        )
    # The map takes seconds, and nobody's writing waits for it: the transaction is over.
    return ReportData(
        totals=totals,
        brief=brief,
        doubts=doubts,
        failures=failures,
        genres=genres,
        heat_map=heat_map(genres.compared),
        untagged=untagged,
        quality=quality,
        map=draw_map(heard) if heard else None,
        suspicion=suspicion,
        cluster_map=cluster_map,
        exploration=exploration,
        provenance=provenance,
    )
