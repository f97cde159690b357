"""`catalog models importance`."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from catalog.audio.feature_set import FeatureSet
from catalog.db.database import Database
from catalog.db.tables import model
from catalog.features.stored_feature_set import register_feature_set
from catalog.features.vectors import store_vector
from tests.integration.cli.conftest import Invoke
from tests.integration.cli.test_json import faults
from tests.integration.labeled_collection import Filled

Fill = Callable[..., Filled]


HERE = ("--feature-set", "blobs", "--workers", "0")


WHISKER = re.compile(r'class="whisker" style="left:([\d.]+)%;width:([\d.]+)%"')


NAMED = FeatureSet(
    name="named",
    version=1,
    parameters={},
    dimensions=("mel.mean.01", "mel.mean.02", "mfcc.mean.01", "mfcc.mean.02"),
    sample_rate=16_000,
    compute=lambda _waveform: np.zeros(4, np.float32),
)


@pytest.fixture
def trained(database: Database, invoke: Invoke, fill_labeled: Fill) -> Filled:
    """A labeled collection with one model in force."""
    filled = fill_labeled(spread=1.0)
    assert invoke("train", *HERE).code == 0
    return filled


def add_named(database: Database, filled: Filled) -> None:
    """A second feature set whose family mel knows the genre, and whose family mfcc knows nothing."""
    random = np.random.default_rng(4)
    with database.write() as connection:
        recipe = register_feature_set(connection, NAMED)
        for number, ids in enumerate(filled.tracks.values()):
            for track_id in ids:
                mel = np.array([np.cos(number), np.sin(number)]) * 3 + random.normal(0, 0.3, 2)
                vector = np.concatenate([mel, random.normal(size=2)]).astype(np.float32)
                store_vector(connection, recipe, track_id, vector)


def active(database: Database) -> list[tuple[int, str]]:
    with database.read() as connection:
        rows = connection.execute(sa.select(model.c.id, model.c.status).order_by(model.c.id))
        return [tuple(row) for row in rows]


def test_importance_is_computed_once_kept_and_shown(
    database: Database, trained: Filled, invoke: Invoke, tmp_path: Path
) -> None:
    add_named(database, trained)
    asked = ("models", "importance", "--feature-set", "named")
    picture = tmp_path / "importance.svg"
    done = invoke(*asked, "--json", "--plot", picture)
    assert done.code == 0, done.err
    found = json.loads(done.out)
    assert faults("models importance", found) == []
    groups = {group["name"]: group for group in found["feature_groups"]}
    assert groups["mel spectrum"]["permuted"]["value"] > 0.3 > abs(groups["MFCC"]["permuted"]["value"])
    assert groups["mel spectrum"]["alone"]["value"] > 0.8
    assert "<svg" in picture.read_text()
    with database.write() as connection:  # what is kept is read, not computed anew
        metrics = connection.execute(sa.select(model.c.metrics)).scalar_one()
        metrics["importance"]["named"]["tracks"] = 1234
        connection.execute(sa.update(model).values(metrics=metrics))
    again = invoke(*asked, "--csv")
    assert "1,234 tracks" in again.err
    assert again.out.splitlines()[0].startswith("feature_group,dimensions,permuted,permuted_low")
    rows = list(csv.DictReader(io.StringIO(invoke(*asked, "--by", "genre", "--csv").out)))
    assert len(rows) == 3 * len(groups)
    for row in rows:
        assert float(row["f1_drop_low"]) <= float(row["f1_drop"]) <= float(row["f1_drop_high"])
    assert "-0.0" not in {value for row in rows for value in row.values()}
    page = Path(invoke("models", "card", 1).out.strip()).read_text()
    assert "Feature importance: named" in page
    drawn = [[float(share) for share in one] for one in WHISKER.findall(page)]
    assert drawn
    assert all(left + width <= 100.02 for left, width in drawn)
    assert ('class="zero"' in page) is any(group["permuted"]["low"] < 0 for group in groups.values())


def test_what_importance_cannot_do_is_said_in_one_line(
    database: Database, invoke: Invoke, fill_labeled: Fill, tmp_path: Path
) -> None:
    for verb in ("importance", "show", "card"):
        none = invoke("models", verb)
        assert none.code == 1
        assert "there is no active model" in none.err
    fill_labeled(spread=1.0)
    assert invoke("train", *HERE).code == 0
    for asked, words in (
        (("9",), "there is no model 9"),
        ((), "all 12 dimensions belong to one feature group, blob"),
        (("--feature-set", "summary"), "catalog analyze --feature-set summary"),
        (("--plot", tmp_path / "x.gif"), "has no supported suffix"),
    ):
        refused = invoke("models", "importance", *asked)
        assert refused.code == 1
        assert words in refused.err
        assert len(refused.err.splitlines()) == 1
