from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from catalog.audit.labels.label_audit import audit_labels
from catalog.db.database import Database
from catalog.learning.registry.registry import get_model
from catalog.learning.scoring.corrected_label_score import (
    CorrectedLabelScore,
    ScoreWithoutSuspects,
    corrected_label_score,
)
from catalog.learning.training import train
from tests.integration.labeled_collection import Filled
from tests.integration.learning.test_scores import WANTED, retag

Fill = Callable[..., Filled]


def test_scores_without_suspects_and_with_corrected_labels(
    database: Database, fill_labeled: Fill, tmp_path: Path
) -> None:
    filled = fill_labeled()
    wrong = filled.tracks["Metal"][:2]
    retag(database, wrong, "Jazz")
    model_id = train(database, tmp_path, WANTED).model_id
    assert model_id is not None

    def score() -> CorrectedLabelScore:
        with database.read() as connection:
            scores = corrected_label_score(connection, get_model(connection, model_id))
        assert scores is not None
        return scores

    before = score()
    assert before.without_suspects == ScoreWithoutSuspects(0, None, None)
    as_tagged = before.corrected.accuracy
    assert before.corrected.changed == 0
    assert as_tagged is not None
    assert as_tagged < 1
    audit_labels(database)
    without = score().without_suspects
    assert without.suspects >= 2
    assert without.accuracy is not None
    assert without.accuracy > as_tagged
    retag(database, wrong, "Metal", source="person")
    corrected = score().corrected
    assert corrected.changed == 2
    assert corrected.accuracy == pytest.approx(as_tagged + 2 / 54)
