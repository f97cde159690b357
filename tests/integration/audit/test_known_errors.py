"""The score of an audit against known errors."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from catalog.audit.labels.known_errors import NoKnownErrorsError
from catalog.audit.labels.label_audit import audit_labels
from catalog.csvio.csv_error import CsvSourceError
from catalog.db.database import Database
from catalog.db.tables import collection, track
from catalog.learning.training import train
from tests.integration.audit.mislabeled_collection import (
    WANTED,
    Fill,
    mistag,
)


def test_known_errors_score_the_whole_ranking(database: Database, fill_labeled: Fill, tmp_path: Path) -> None:
    filled = fill_labeled()
    wrong = filled.tracks["Jazz"][0:2]
    mistag(database, wrong, "Metal")
    train(database, tmp_path, WANTED)
    with database.write() as connection:
        connection.execute(sa.update(collection).values(root="/m", root_bytes=b"/m"))
        paths = dict(
            connection.execute(sa.select(track.c.id, track.c.path).where(track.c.id.in_(wrong))).all()
        )
    file = tmp_path / "truth.csv"
    rows = "".join(f"{paths[track_id]},Jazz\n" for track_id in wrong)
    file.write_text(f"path,genre\n{rows}nowhere.mp3,Jazz\n", encoding="utf-8")
    truth = audit_labels(database, truth=file).truth
    assert truth is not None
    assert (truth.errors, truth.unmatched, truth.not_audited) == (2, 1, 0)
    assert (truth.average_precision, truth.recall, truth.corrected) == (1.0, 1.0, 1.0)
    assert [(one.genre, one.errors, one.found) for one in truth.genres] == [("Metal", 2, 2)]
    assert audit_labels(database, truth=file).truth == truth  # of an audit that was made before, too
    file.write_text("path,genre\nnowhere.mp3,Jazz\n", encoding="utf-8")
    with pytest.raises(NoKnownErrorsError, match="no error: 1 of 1 rows match no tagged track"):
        audit_labels(database, truth=file)
    file.write_text("path,stil\nnowhere.mp3,Jazz\n", encoding="utf-8")
    with pytest.raises(CsvSourceError, match="Rename it to genre"):
        audit_labels(database, truth=file)
