"""All data of the report, read in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from catalog.db.columns import now
from catalog.db.database import Database
from catalog.learning.registry.registry import active_model
from catalog.learning.scoring.model_metrics import ModelMetrics, metrics_of
from catalog.report.catalog_totals import CatalogTotals, read_totals
from catalog.report.executive_summary import ExecutiveSummary, read_executive_summary
from catalog.report.failure_reasons import Failures, read_failures
from catalog.report.feature_distributions import FeatureDistributions, GenreColors, read_feature_distributions
from catalog.report.figures.cluster_genre_heatmap import ClusterMap, read_cluster_map
from catalog.report.figures.confusion_heatmap import HeatMap, heat_map
from catalog.report.figures.tsne_map import TsneMap, draw_map, read_plotted_tracks
from catalog.report.genre_agreement import Genres, read_genres
from catalog.report.open_cases import OpenCases, read_open_cases
from catalog.report.provenance import Provenance, read_provenance
from catalog.report.suspicion_by_genre import Suspicion, read_suspicion
from catalog.report.untagged_tracks import Untagged, read_untagged


@dataclass(frozen=True)
class ReportData:
    """The data of the report."""

    totals: CatalogTotals
    summary: ExecutiveSummary
    cases: OpenCases
    failures: Failures
    genres: Genres
    heat_map: HeatMap
    untagged: Untagged
    metrics: ModelMetrics | None
    """Scores of the active model; None without a model and for a model without scores (zero-shot)."""
    map: TsneMap | None
    suspicion: Suspicion
    cluster_map: ClusterMap | None
    distributions: FeatureDistributions
    provenance: Provenance


def read_report_data(database: Database, since: datetime | None = None) -> ReportData:
    """Reads the data. Memory is bounded by the number of genres and of dots on the map, not of tracks.

    `since` bounds the decisions and tag writes that are counted; all other numbers are current.
    """
    with database.read() as connection:
        model = active_model(connection)
        provenance = read_provenance(connection, model, now())
        features = provenance.plotted_feature_set
        plotted = read_plotted_tracks(connection, features.id) if features else None
        genres = read_genres(connection, None if model is None else model["id"])
        totals = read_totals(connection)
        cases = read_open_cases(connection)
        failures = read_failures(connection)
        untagged = read_untagged(connection)
        summary = read_executive_summary(
            connection, since, tagged=totals.tagged, audited=cases.audited, suspect_tracks=cases.tracks
        )
        suspicion = read_suspicion(connection, {row.genre: row.tracks for row in genres.tagged})
        cluster_map = read_cluster_map(connection, features.name if features else None)
        distributions = read_feature_distributions(
            connection, GenreColors(plotted.group_names, plotted.groups) if plotted else None
        )
    # t-SNE takes seconds: the transaction ends before it and blocks no writer.
    return ReportData(
        totals=totals,
        summary=summary,
        cases=cases,
        failures=failures,
        genres=genres,
        heat_map=heat_map(genres.compared),
        untagged=untagged,
        metrics=None if model is None else metrics_of(model),
        map=draw_map(plotted) if plotted else None,
        suspicion=suspicion,
        cluster_map=cluster_map,
        distributions=distributions,
        provenance=provenance,
    )
