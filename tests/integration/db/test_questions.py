"""The saved questions answer on the sample what docs/sql.md shows."""

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
from tests.integration.db.answers import answered

PAGE = (Path(__file__).parents[3] / "docs" / "sql.md").read_text(encoding="utf-8")
SECTION = PAGE.partition("# Saved queries with results")[2].partition("\n# ")[0]
EXAMPLES = re.findall(
    r"^## .*?```sh\ncatalog sql ([\w-]+)(.*?) --csv\n```\n\n```csv\n(.*?)```",
    SECTION,
    re.MULTILINE | re.DOTALL,
)


@pytest.fixture
def told(database: Database, sample: Sample) -> Database:
    """The sample, with a model before the one in force, contradicting tags, decisions and a vector less."""
    with database.write() as connection:
        before = insert(
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
            heard = {"Amber": "Pop", "Eddy": "Jazz"}.get(title, suggested)
            connection.execute(
                sa.insert(t.prediction).values(
                    model_id=before,
                    track_id=sample.tracks[title],
                    genre_1_id=sample.genres[heard or first],
                    probability_1=0.5,
                    suggested_genre_id=sample.genres.get(heard or ""),
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
        gone = t.feature_vector.c.track_id == sample.tracks["Hail"]
        connection.execute(sa.delete(t.feature_vector).where(gone))
        refresh_track_status(connection)
    return database


def shown(database: Database, name: str, given: dict[str, str]) -> str:
    saved = saved_query(name, database.reader.dialect.name)
    return answered(database, saved.text, saved.defaults | given)


@pytest.mark.parametrize(("name", "given", "expected"), EXAMPLES, ids=[each[0] for each in EXAMPLES])
def test_the_page_shows_what_is_answered(told: Database, name: str, given: str, expected: str) -> None:
    assert shown(told, name, dict(re.findall(r'-p (\w+)="?([^"]*)"?', given))) == expected


def test_every_question_has_an_example() -> None:
    assert {name for name, _, _ in EXAMPLES} == {*saved_query_names()} - {"labels", "predictions", "cases"}
