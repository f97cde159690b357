"""The official split of the Free Music Archive as one more score."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from catalog.db.database import Database
from catalog.db.tables import fma_track
from catalog.learning.scoring.official_split import NoOfficialSplitError
from catalog.learning.training import train
from catalog.learning.training_options import TrainingOptions
from tests.integration.cli.conftest import Invoke, home, invoke
from tests.integration.labeled_collection import Filled

__all__ = ["home", "invoke"]

Fill = Callable[..., Filled]
WANTED = TrainingOptions(feature_sets=("blobs",), split="fma")


PARTS = ["training"] * 10 + ["validation"] * 4 + ["test"] * 3 + [None]


def split(database: Database, filled: Filled, genres: tuple[str, ...] = ("Jazz", "Metal", "Ambient")) -> None:
    with database.write() as connection:
        for name in genres:
            for track_id, part in zip(filled.tracks[name], PARTS, strict=True):
                connection.execute(
                    sa.insert(fma_track).values(track_id=track_id, split=part, contradicts=False)
                )


def test_the_recipe_is_scored_on_the_split_too(
    database: Database, fill_labeled: Fill, tmp_path: Path
) -> None:
    split(database, fill_labeled())
    plain = train(database, tmp_path, replace(WANTED, split=None))
    assert plain.metrics.official_split is None
    report = train(database, tmp_path, WANTED)
    found = report.metrics.official_split
    assert (found.training, found.validation, found.test) == (30, 12, 9)
    assert found.shared_groups == 3  # the made-up split cuts one artist of each genre in two
    assert found.accuracy.value > 0.8
    assert 0 < found.share_answered <= 1
    assert report.metrics.accuracy == plain.metrics.accuracy
    assert train(database, tmp_path, WANTED).outcome == "unchanged"


def test_a_collection_without_a_split_is_told_so_before_work(
    database: Database, fill_labeled: Fill, tmp_path: Path
) -> None:
    fill_labeled()
    with pytest.raises(NoOfficialSplitError, match="in the training or the test part"):
        train(database, tmp_path, WANTED)


def test_a_split_of_one_genre_is_told_so_before_work(
    database: Database, fill_labeled: Fill, tmp_path: Path
) -> None:
    split(database, fill_labeled(), ("Jazz",))
    with pytest.raises(NoOfficialSplitError, match="one genre only"):
        train(database, tmp_path / "models", WANTED)
    assert not (tmp_path / "models").exists()


def test_a_dry_run_looks_at_the_split(database: Database, invoke: Invoke, fill_labeled: Fill) -> None:
    rehearsed = ("train", "--feature-set", "blobs", "--split", "fma", "--dry-run")
    filled = fill_labeled()
    refused = invoke(*rehearsed)
    assert refused.code == 1
    assert len(refused.err.splitlines()) == 1
    assert "no labeled track with a vector is in the training or the test part" in refused.err
    split(database, filled)
    done = invoke(*rehearsed)
    assert done.code == 0
    assert "a model can be trained; official split: 30 training, 12 validation, 9 test" in done.err
