"""Everything the report says, read from the database in one transaction."""

from __future__ import annotations

from dataclasses import dataclass

from catalog.db.columns import now
from catalog.db.database import Database
from catalog.report.cases import Doubts, read_doubts
from catalog.report.failures import Failures, read_failures
from catalog.report.genres import Genres, read_genres
from catalog.report.heat_map import HeatMap, heat_map
from catalog.report.map import Map, draw, read_heard
from catalog.report.provenance import Provenance, read_provenance
from catalog.report.quality import Quality, read_quality
from catalog.report.totals import Totals, read_totals
from catalog.report.untagged import Untagged, read_untagged


@dataclass(frozen=True)
class Facts:
    """The report without its looks."""

    totals: Totals
    doubts: Doubts
    failures: Failures
    genres: Genres
    heat_map: HeatMap
    untagged: Untagged
    quality: Quality | None
    map: Map | None
    provenance: Provenance


def read_facts(database: Database) -> Facts:
    """Reads the facts. Memory is bounded by genres and by the dots of the map, not by tracks."""
    with database.read() as connection:
        provenance = read_provenance(connection, now())
        heard = read_heard(connection, provenance.recipe.id) if provenance.recipe else None
        genres = read_genres(connection)
        totals = read_totals(connection)
        doubts = read_doubts(connection)
        failures = read_failures(connection)
        untagged = read_untagged(connection)
        quality = read_quality(connection)
    # The map takes seconds, and nobody's writing waits for it: the transaction is over.
    return Facts(
        totals=totals,
        doubts=doubts,
        failures=failures,
        genres=genres,
        heat_map=heat_map(genres.compared),
        untagged=untagged,
        quality=quality,
        map=draw(heard) if heard else None,
        provenance=provenance,
    )
