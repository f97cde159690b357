"""Counts of the sample by group."""

from __future__ import annotations

from catalog.db.database import Database
from catalog.db.derived.statistics import (
    collection_figures,
    failure_figures,
    feature_figures,
    genre_figures,
    track_figures,
)
from tests.integration.conftest import Sample


def test_counts_of_the_sample(database: Database, sample: Sample) -> None:
    sources = (collection_figures, track_figures, genre_figures, feature_figures, failure_figures)
    with database.read() as connection:
        figures = [figure for source in sources for figure in source(connection)]
    values = {(figure.about, figure.name): figure.value for figure in figures}
    assert len(values) == len(figures), "every figure has a name of its own"
    assert (values["tracks", "present"], values["tracks", "artists"], values["tracks", "albums"]) == (8, 2, 3)
    assert (values["genres", "tagged"], values["genres", "untagged"], values["genres", "distinct"]) == (
        6,
        2,
        4,
    )
    assert values["features", "musicnn"] == 8
    assert values["failures", "too-short"] == 1
    assert sample.tracks
