"""Conflicts between sources and between duplicates."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from catalog.audit.duplicates.duplicate_audit import audit_duplicates
from catalog.audit.labels.label_audit import audit_labels
from catalog.db.database import Database
from catalog.db.tables import suspect, track
from catalog.learning.training import train
from tests.integration.audit.mislabeled_collection import (
    WANTED,
    Fill,
    genre_id,
    mistag,
    suspects,
)


def test_two_sources_that_differ_make_a_suspect(
    database: Database, fill_labeled: Fill, tmp_path: Path
) -> None:
    filled = fill_labeled()
    train(database, tmp_path, WANTED)
    assert audit_labels(database).suspects == 0
    track_id = filled.tracks["Jazz"][3]
    mistag(database, [track_id], "Metal", source="import")
    audit_labels(database)
    assert suspects(database) == [(track_id, "Metal", "Jazz")]
    with database.read() as connection:
        reasons = connection.execute(
            sa.select(suspect.c.reasons).where(suspect.c.track_id == track_id)
        ).scalar_one()
    assert reasons[-1] == {
        "kind": "source",
        "source": "file",
        "genre_id": genre_id(database, "Jazz"),
        "tagged_source": "import",
        "tagged_genre_id": genre_id(database, "Metal"),
    }


def test_duplicates_with_different_genres_are_suspects_without_a_class(
    database: Database, fill_labeled: Fill, tmp_path: Path
) -> None:
    filled = fill_labeled()
    train(database, tmp_path, WANTED)
    first, second = filled.tracks["Jazz"][0], filled.tracks["Jazz"][5]
    mistag(database, [second], "Polka")  # which is no class
    with database.write() as connection:
        pair = sa.update(track).where(track.c.id.in_([first, second]))
        connection.execute(pair.values(audio_hash="equal"))
    audit_duplicates(database)
    audit_labels(database)
    assert {(second, "Polka", "Jazz"), (first, "Jazz", "Polka")} <= set(suspects(database))
