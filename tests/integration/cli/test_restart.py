"""PostgreSQL is stopped while a model is learned or applied or tags are audited, and comes back: the verb waits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from catalog.audit.clusters import cluster_audit
from catalog.audit.duplicates import duplicate_audit
from catalog.audit.labels import label_audit
from catalog.db.database import Database
from catalog.db.derived.track_status import refresh_track_status, track_status_differences
from catalog.db.tables import audit, genre, model, search
from catalog.learning import training
from catalog.learning.fitting.cross_fit import cross_fit
from catalog.learning.prediction import fill_predictions
from catalog.learning.prediction.predictions import drop_predictions
from catalog.learning.search import trial
from tests.integration.cli.conftest import Invoke
from tests.integration.labeled_collection import Filled, tag
from tests.integration.outage import Outage

Fill = Callable[..., Filled]
pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


def models(database: Database) -> list[str]:
    with database.read() as connection:
        assert track_status_differences(connection) == 0
        return list(connection.execute(sa.select(model.c.status).order_by(model.c.id)).scalars())


@pytest.mark.parametrize(
    ("place", "name", "options"),
    [
        (training, "store_snapshot", ()),
        (fill_predictions, "drop_predictions", ()),
        (training, "promote", ("--force",)),
    ],
)
def test_train(
    outage: Outage,
    database: Database,
    invoke: Invoke,
    fill_labeled: Fill,
    monkeypatch: pytest.MonkeyPatch,
    place: Any,
    name: str,
    options: tuple[str, ...],
) -> None:
    fill_labeled()
    fits = []

    def counted(*arguments: Any, **named: Any) -> Any:
        fits.append(arguments)
        return cross_fit(*arguments, **named)

    monkeypatch.setattr(training, "cross_fit", counted)
    monkeypatch.setattr(place, name, outage.strike_at(1, getattr(place, name)))
    done = invoke("train", "--feature-set", "blobs", *options)
    assert done.code == 0, done.err
    assert "model 1: promoted" in done.err
    assert models(database) == ["active"]
    assert len(fits) == 1


def test_predict(
    outage: Outage, database: Database, invoke: Invoke, fill_labeled: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled = fill_labeled()
    assert invoke("train", "--feature-set", "blobs").code == 0
    with database.write() as connection:
        jazz = connection.execute(sa.select(genre.c.id).where(genre.c.name == "Jazz")).scalar_one()
        tag(connection, filled.tracks[None][0], jazz, "Jazz")
        refresh_track_status(connection)
    monkeypatch.setattr(fill_predictions, "drop_predictions", outage.strike_at(1, drop_predictions))
    done = invoke("predict")
    assert done.code == 0, done.err
    assert "new or changed predictions" in done.err
    assert "model 1: 0 new or changed predictions" in invoke("predict").err
    assert models(database) == ["active"]


def test_train_that_searches_first(
    outage: Outage, database: Database, invoke: Invoke, fill_labeled: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_labeled()
    monkeypatch.setattr(trial, "_store", outage.strike_at(3, trial._store))
    options = ("--search", "random", "--candidates", "2", "--algorithm", "naive_bayes", "--workers", "0")
    done = invoke("train", "--feature-set", "blobs", *options)
    assert done.code == 0, done.err
    assert models(database) == ["active"]
    with database.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(search)).scalar_one() == 1


@pytest.mark.parametrize(
    ("place", "name", "options"),
    [
        (label_audit, "_store", ("labels",)),
        (duplicate_audit, "_store", ("duplicates",)),
        (cluster_audit, "_evaluate", ("clusters", "--feature-set", "blobs", "--clusters", "2")),
    ],
)
def test_audit(
    outage: Outage,
    database: Database,
    invoke: Invoke,
    fill_labeled: Fill,
    monkeypatch: pytest.MonkeyPatch,
    place: Any,
    name: str,
    options: tuple[str, ...],
) -> None:
    fill_labeled()
    assert invoke("train", "--feature-set", "blobs", "--no-audit").code == 0
    monkeypatch.setattr(place, name, outage.strike_at(1, getattr(place, name)))
    done = invoke("audit", *options)
    assert done.code == 0, done.err
    with database.read() as connection:
        kept = connection.execute(sa.select(audit.c.kind, audit.c.finished_at)).all()
    assert [(one.kind, one.finished_at is not None) for one in kept] == [(options[0], True)]
