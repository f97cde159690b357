"""Predictions by tasks: the same as those made here, resumed where they were, switched at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from catalog.db.database import Database
from catalog.db.tables import model, prediction, prediction_chunk
from catalog.learning.prediction.batch_inference import InferenceStalledError
from catalog.learning.prediction.fill_predictions import fill_predictions
from catalog.learning.registry.task_context import TaskContext, set_context
from catalog.learning.training import train
from catalog.learning.training_options import TrainingOptions
from catalog.settings import Settings
from tests.integration.labeled_collection import Filled
from tests.integration.learning.test_search import Fragile, Killed
from workers.pool.executor import InlineExecutor, open_executor

WANTED = TrainingOptions(feature_sets=("blobs",))
Fill = Callable[..., Filled]


@pytest.fixture(autouse=True)
def few_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("catalog.learning.prediction.batch_inference.DISTRIBUTE_ABOVE", 3)
    monkeypatch.setattr("catalog.learning.prediction.batch_inference.CHUNK_TRACKS", 5)
    monkeypatch.setattr("catalog.learning.prediction.batch_inference.RETRY_DELAY", 0.0)


def opening(executor: Executor) -> Callable[[], Any]:
    @contextmanager
    def executor_factory() -> Iterator[Executor]:
        yield executor

    return executor_factory


def predictions(database: Database) -> list[tuple[Any, ...]]:
    with database.read() as connection:
        columns = [
            column
            for column in prediction.c
            if column.name not in {"predicted_at", "model_id", "probabilities"}
        ]
        return [tuple(row) for row in connection.execute(sa.select(*columns).order_by(prediction.c.track_id))]


def count(database: Database, table: sa.Table) -> int:
    with database.read() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def test_predictions_by_tasks_are_those_made_here(
    database: Database, fill_labeled: Fill, tmp_path: Path
) -> None:
    fill_labeled()
    train(database, tmp_path, WANTED)
    here = predictions(database)
    with database.write() as connection:
        connection.execute(sa.delete(prediction))
        connection.execute(sa.update(model).values(status="retired"))
    set_context(TaskContext(database, tmp_path))
    report = train(database, tmp_path, WANTED, executor_factory=opening(InlineExecutor()))
    assert report.outcome == "promoted"
    with database.read() as connection:
        chosen = prediction.c.model_id == report.model_id
        assert connection.execute(sa.select(sa.func.count()).where(chosen)).scalar_one() == len(here)
    assert predictions(database) == here
    assert count(database, prediction_chunk) == 0


def test_what_was_heard_before_it_was_killed_is_not_heard_again(
    database: Database, fill_labeled: Fill, tmp_path: Path
) -> None:
    fill_labeled()
    set_context(TaskContext(database, tmp_path))
    with pytest.raises(Killed):
        train(database, tmp_path, WANTED, executor_factory=opening(Fragile(1)))
    assert count(database, prediction_chunk) == 1
    with database.read() as connection:
        assert connection.execute(sa.select(model.c.status)).scalars().all() == ["candidate"]
    report = train(database, tmp_path, WANTED, executor_factory=opening(Fragile(2)))
    assert report.outcome == "promoted"
    assert count(database, prediction_chunk) == 0


def test_workers_without_the_models_file_leave_the_predictions_to_others(
    database: Database, fill_labeled: Fill, tmp_path: Path
) -> None:
    fill_labeled()
    set_context(TaskContext(database, tmp_path / "nothing here"))
    with pytest.raises(InferenceStalledError, match="no worker can read the model"):
        train(database, tmp_path, WANTED, executor_factory=opening(InlineExecutor()))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_real_workers_hear(database: Database, fill_labeled: Fill, tmp_path: Path) -> None:
    fill_labeled()
    settings = Settings(tmp_path / "home", database.url.render_as_string(hide_password=False), None)
    report = train(
        database, settings.models, WANTED, executor_factory=lambda: open_executor(database, settings, 1)
    )
    assert report.outcome == "promoted"
    assert len(predictions(database)) == 54 + 12
    assert report.model_id is not None
    assert fill_predictions(database, settings.models, report.model_id) == 0
