"""The results of the saved queries on the sample are those that docs/sql.md shows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import sqlalchemy as sa

from catalog.db import tables as t
from catalog.db.database import Database
from catalog.db.derived.track_status import refresh_track_status
from catalog.db.query.saved_queries import saved_query, saved_query_names
from tests.integration.conftest import DAY, TRACKS, Sample, insert, state
from tests.integration.db.documented_results import documented_csv

PAGE = (Path(__file__).parents[3] / "docs" / "sql.md").read_text(encoding="utf-8")
SECTION = PAGE.partition("# Saved queries with results")[2].partition("\n# ")[0]
EXAMPLES = re.findall(
    r"^## .*?```sh\ncatalog sql ([\w-]+)(.*?) --csv\n```\n\n```csv\n(.*?)```",
    SECTION,
    re.MULTILINE | re.DOTALL,
)


@pytest.fixture
def extended_sample(database: Database, sample: Sample) -> Database:
    """The sample with a retired model, contradicting tags, decisions and one vector less."""
    with database.write() as connection:
        retired_model = insert(
            connection,
            t.model,
            algorithm="logistic",
            parameters={},
            class_order=[],
            metrics={},
            versions={},
            status="retired",
        )
        for title, (_, _, _, first, _, suggested, _, _) in TRACKS.items():
            predicted = {"Amber": "Pop", "Eddy": "Jazz"}.get(title, suggested)
            connection.execute(
                sa.insert(t.prediction).values(
                    model_id=retired_model,
                    track_id=sample.tracks[title],
                    genre_1_id=sample.genres[predicted or first],
                    probability_1=0.5,
                    suggested_genre_id=sample.genres.get(predicted or ""),
                    suggested_by="audio",
                )
            )
        genres = [sample.genres[name] for name in ("Punk", "Techno", "Rock")]
        state(connection, sample.tracks["Chalk"], "import", genres)
        relabeled = state(connection, sample.tracks["Eddy"], "file", [sample.genres["Blues"]])
        state(connection, sample.tracks["Basalt"], "file", [sample.genres["Blues"]])
        insert(
            connection,
            t.decision,
            track_id=sample.tracks["Eddy"],
            genre_id=sample.genres["Jazz"],
            verdict="relabel",
            chosen_genre_id=sample.genres["Blues"],
            before_statement_id=sample.statements["Eddy"],
            statement_id=relabeled,
            reviewer="ada",
            decided_at=DAY,
            source="search",
        )
        undone = insert(
            connection,
            t.decision,
            track_id=sample.tracks["Amber"],
            genre_id=sample.genres["Rock"],
            verdict="keep",
            reviewer="ada",
            decided_at=DAY,
            source="queue",
        )
        insert(
            connection,
            t.decision,
            track_id=sample.tracks["Amber"],
            verdict="undo",
            reviewer="ada",
            decided_at=DAY,
            source="queue",
            undoes_id=undone,
        )
        without_vector = t.feature_vector.c.track_id == sample.tracks["Hail"]
        connection.execute(sa.delete(t.feature_vector).where(without_vector))
        refresh_track_status(connection)
    return database


def saved_query_csv(database: Database, name: str, parameters: dict[str, str]) -> str:
    saved = saved_query(name, database.reader.dialect.name)
    return documented_csv(database, saved.text, saved.defaults | parameters)


@pytest.mark.parametrize(("name", "options", "expected"), EXAMPLES, ids=[example[0] for example in EXAMPLES])
def test_documented_results(extended_sample: Database, name: str, options: str, expected: str) -> None:
    assert (
        saved_query_csv(extended_sample, name, dict(re.findall(r'-p (\w+)="?([^"]*)"?', options))) == expected
    )


def test_every_saved_query_has_an_example() -> None:
    assert {name for name, _, _ in EXAMPLES} == {*saved_query_names()} - {"labels", "predictions", "cases"}


def test_defaults_are_documented() -> None:
    table = PAGE.partition("## Saved queries")[2].partition("\n# ")[0]
    documented = {
        match[1]: match[2] for match in re.finditer(r"^\| `([\w-]+)` \| .*? \|(.*)\|$", table, re.MULTILINE)
    }
    assert sorted(documented) == list(saved_query_names())
    for name, parameters in documented.items():
        defaults = dict(re.findall(r"`(\w+)` = (-?[\d.]+)", parameters))
        assert defaults == saved_query(name, "sqlite").defaults
