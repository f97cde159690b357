"""The label audit on a real database: planted wrong tags are found, once, and not where a person has spoken."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from catalog.audit.labels.label_audit import audit_labels
from catalog.db.database import Database
from catalog.db.tables import audit, label, statement, suspect
from catalog.learning.registry.registry import NoModelError
from catalog.learning.training import train
from tests.integration.audit.mislabeled_collection import (
    WANTED,
    Fill,
    genre_id,
    mistag,
    suspects,
)


def test_planted_wrong_tags_come_first_with_reasons(
    database: Database, fill_labeled: Fill, tmp_path: Path
) -> None:
    filled = fill_labeled()
    wrong = filled.tracks["Jazz"][0:2]
    mistag(database, wrong, "Metal")
    train(database, tmp_path, WANTED)
    found = audit_labels(database)
    assert found.is_new
    assert {row[0] for row in suspects(database)[:2]} == set(wrong)
    assert {row[1:] for row in suspects(database)[:2]} == {("Metal", "Jazz")}
    assert found.largest[0].name == "Jazz 0"
    assert found.largest[0].tracks == 2
    with database.read() as connection:
        reasons = connection.execute(
            sa.select(suspect.c.reasons).where(suspect.c.track_id == wrong[0])
        ).scalar_one()
    assert (reasons[0]["kind"], reasons[0]["genre_id"]) == ("prediction", genre_id(database, "Jazz"))
    assert reasons[0]["probability"] > reasons[0]["tagged_probability"]


def test_an_audit_is_done_once(database: Database, fill_labeled: Fill, tmp_path: Path) -> None:
    filled = fill_labeled()
    mistag(database, filled.tracks["Jazz"][:1], "Metal")
    train(database, tmp_path, WANTED)
    first, second = audit_labels(database), audit_labels(database)
    assert (first.audit_id, first.is_new, second.is_new) == (second.audit_id, True, False)
    assert second.largest == first.largest
    mistag(database, filled.tracks["Jazz"][:1], "Jazz", source="person")
    third = audit_labels(database)
    assert third.is_new
    assert filled.tracks["Jazz"][0] not in {row[0] for row in suspects(database)}
    with database.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(audit)).scalar_one() == 2


def test_what_a_person_said_is_not_doubted(database: Database, fill_labeled: Fill, tmp_path: Path) -> None:
    filled = fill_labeled()
    mistag(database, filled.tracks["Jazz"][:1], "Metal", source="person")
    train(database, tmp_path, WANTED)
    audit_labels(database)
    assert filled.tracks["Jazz"][0] not in {row[0] for row in suspects(database)}


def test_evidence_is_left_alone(database: Database, fill_labeled: Fill, tmp_path: Path) -> None:
    filled = fill_labeled()
    mistag(database, filled.tracks["Jazz"][:2], "Metal")
    train(database, tmp_path, WANTED)
    counts = []
    for _ in range(2):
        with database.read() as connection:
            counts.append(
                [
                    connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
                    for table in (statement, label)
                ]
            )
        audit_labels(database)
    assert counts[0] == counts[1]


def test_without_a_model_there_is_nothing_to_doubt_by(database: Database) -> None:
    with pytest.raises(NoModelError, match="catalog train"):
        audit_labels(database)


def test_a_dry_run_stores_nothing_and_tells_all_cases(
    database: Database, fill_labeled: Fill, tmp_path: Path
) -> None:
    filled = fill_labeled()
    mistag(database, filled.tracks["Jazz"][:2], "Metal")
    train(database, tmp_path, WANTED)
    found = audit_labels(database, dry_run=True)
    assert (found.audit_id, found.is_new) == (None, True)
    assert (found.largest[0].name, found.largest[0].tracks) == ("Jazz 0", 2)
    assert suspects(database) == []
    stored = audit_labels(database)
    assert (stored.suspects, stored.cases) == (found.suspects, found.cases)
