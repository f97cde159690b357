"""The tracks that a label audit can rank."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import sqlalchemy as sa

from catalog.audit.labels.label_audit import audit_labels
from catalog.db.columns import now
from catalog.db.database import Database
from catalog.db.tables import audit_sample, audit_sample_track
from catalog.learning.training import train
from catalog.review.decision import decide, track_suspect
from tests.integration.audit.mislabeled_collection import (
    WANTED,
    Fill,
    mistag,
    suspects,
    tag_in_order,
    tags,
)


def test_audit_sample_tracks_are_audited_although_no_model_is_trained_on_them(
    database: Database, fill_labeled: Fill, tmp_path: Path
) -> None:
    filled = fill_labeled()
    wrong = filled.tracks["Jazz"][0]
    mistag(database, [wrong], "Metal")
    with database.write() as connection:
        sample = connection.execute(
            sa.insert(audit_sample)
            .values(seed=0, tracks=1, overlap=0, parameters={}, drawn_at=now())
            .returning(audit_sample.c.id)
        ).scalar_one()
        connection.execute(
            sa.insert(audit_sample_track).values(
                audit_sample_id=sample, track_id=wrong, position=1, weight=1.0, overlap=False
            )
        )
    train(database, tmp_path, WANTED)
    audit_labels(database)
    assert (wrong, "Metal", "Jazz") in suspects(database)


def test_the_first_tag_that_is_a_class_is_audited(
    database: Database, fill_labeled: Fill, tmp_path: Path
) -> None:
    filled = fill_labeled()
    wrong, right, narrower, alone, elsewhere = filled.tracks["Jazz"][:5]
    tag_in_order(database, wrong, "Polka", "Metal")
    tag_in_order(database, right, "Polka", "Jazz")
    tag_in_order(
        database, narrower, "Polka", "Thrash Metal"
    )  # on no track the first, so that no rule has asked of it
    tag_in_order(database, alone, "Polka")
    tag_in_order(database, elsewhere, "Polka", "Metal")
    train(database, tmp_path, WANTED)
    with database.write() as connection:
        decide(connection, [track_suspect(connection, elsewhere)], "wrong_recording", "ada")
    assert audit_labels(database).audited == 3 * 18 - 2
    assert set(suspects(database)) == {(wrong, "Metal", "Jazz"), (narrower, "Thrash Metal", "Jazz")}
    with database.write() as connection:
        decide(connection, [track_suspect(connection, wrong)], "accept", "ada")
        assert tags(connection, wrong) == ["Polka", "Jazz"]


def test_tracks_of_an_excluded_genre_are_not_audited_by_another_tag(
    database: Database, fill_labeled: Fill, tmp_path: Path
) -> None:
    filled = fill_labeled()
    track_id = filled.tracks["Jazz"][0]
    tag_in_order(database, track_id, "Ambient", "Metal")
    train(database, tmp_path, replace(WANTED, rule=replace(WANTED.rule, excluded=("Ambient",))))
    assert audit_labels(database).audited == 2 * 18 - 1
    assert suspects(database) == []
