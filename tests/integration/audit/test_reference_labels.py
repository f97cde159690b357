"""Labels at a level of the vocabulary."""

from __future__ import annotations

from typing import Literal

import pytest
import sqlalchemy as sa

from catalog.audit.clusters.cluster_audit import ClusterRequest, audit_clusters
from catalog.audit.clusters.reference_labels import at_level, load_labels
from catalog.db.database import Database
from catalog.db.tables import genre
from catalog.genres.vocabulary import UnknownGenreError
from tests.integration.audit.clustered_collection import Fill


def test_levels_and_genres_left_out(database: Database, fill_labeled: Fill) -> None:
    filled = fill_labeled(("Jazz", "Metal", "Death Metal"))
    with database.read() as connection:
        ids = dict(connection.execute(sa.select(genre.c.name, genre.c.id)).all())
        labels = load_labels(connection, "top")
        assert set(labels.genres.tolist()) == {0, ids["Jazz"], ids["Rock"]}
        assert load_labels(connection, 99).genres.tolist() == load_labels(connection).genres.tolist()
        for name in ("metal", "Metal Music", "(9)", "id3:9"):
            without = load_labels(connection, exclude=(name,))
            assert without.excluded == 36
        assert set(without.genres.tolist()) == {0, ids["Jazz"]}
        with pytest.raises(UnknownGenreError, match="genres list"):
            load_labels(connection, exclude=("Blorp",))
    done = audit_clusters(database, ClusterRequest(exclude=("Metal",), level="top"))
    assert (done.excluded, done.labeled) == (36, len(filled.tracks["Jazz"]))


def test_the_level_counts_from_above() -> None:
    broader = {1: None, 2: 1, 3: 2, 4: None}
    levels: tuple[Literal["leaf", "top"] | int, ...] = ("leaf", "top", 1, 2, 3, 9)
    assert [at_level(3, broader, level) for level in levels] == [3, 1, 1, 2, 3, 3]
    assert [at_level(4, broader, level) for level in levels] == [4] * 6
