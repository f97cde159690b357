"""Statistics of the catalog: counts, the active model, suspects and decisions."""

from __future__ import annotations

from typing import Any

from catalog.db.database import Database
from catalog.report.catalog_statistics import catalog_statistics


def test_every_group_is_counted(database: Database, sample: Any) -> None:
    with database.read() as connection:
        figures = catalog_statistics(connection)
    values: dict[tuple[str, str], Any] = {(figure.about, figure.name): figure.value for figure in figures}
    assert values["genres", "tagged"] == 6
    assert values["tracks", "present"] + values["tracks", "metadata"] + values["tracks", "missing"] == 8
    assert values["model", "active"] == sample.model_id
    assert (values["suspects", "total"], values["decisions", "keep"]) == (2, 1)
    assert {"collections", "features", "suspects"} <= {figure.about for figure in figures}


def test_an_empty_catalog_has_no_active_model(database: Database) -> None:
    with database.read() as connection:
        values: dict[tuple[str, str], Any] = {
            (each.about, each.name): each.value for each in catalog_statistics(connection)
        }
    assert values["model", "active"] is None
    assert values["suspects", "total"] == 0
