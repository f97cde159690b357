"""Evidence about tracks that must follow their files."""

from __future__ import annotations

import sqlalchemy as sa

from catalog.collection.statements import NewStatement
from catalog.db.database import Database
from catalog.db.tables import (
    audit_sample,
    audit_sample_track,
    collection,
    decision,
    feature_set,
    feature_vector,
    statement,
    tag_write,
    track,
)
from tests.integration.collection.kept import tracks
from tests.integration.statement_helpers import append_statements


def decide(database: Database, path: str, genre: str = "Soul") -> int:
    """Adds what a person decided on a track, and a feature vector; returns the id of the track."""
    key = tracks(database)[path]
    with database.write() as connection:
        append_statements(connection, "person", [NewStatement(key, (genre,))], stated_by="anna")
        connection.execute(
            sa.insert(decision).values(track_id=key, verdict="relabel", reviewer="anna", source="search")
        )
        connection.execute(
            sa.insert(tag_write).values(track_id=key, path_bytes=path.encode(), before=[], after=[genre])
        )
        sample = {"seed": 1, "tracks": 1, "overlap": 0, "parameters": {}}
        drawn = sa.insert(audit_sample).values(sample).returning(audit_sample.c.id)
        connection.execute(
            sa.insert(audit_sample_track).values(
                audit_sample_id=connection.execute(drawn).scalar_one(),
                track_id=key,
                position=0,
                weight=1.0,
                overlap=False,
            )
        )
        sets = sa.select(feature_set.c.id)
        if connection.execute(sets).first() is None:
            new = {"name": "a", "version": 1, "parameters": {}, "dimensions": ["x"], "hash": "h"}
            connection.execute(sa.insert(feature_set).values(new))
        signature = sa.select(track.c.file_signature).where(track.c.id == key).scalar_subquery()
        connection.execute(
            sa.insert(feature_vector).values(
                feature_set_id=connection.execute(sets).scalar_one(),
                track_id=key,
                vector=[1.0],
                file_signature=signature,
            )
        )
    return key


def everything_about(database: Database, key: int) -> tuple[int, ...]:
    """Numbers of rows that must not be lost."""
    tables = (decision, tag_write, feature_vector, audit_sample_track)
    conditions = [table.c.track_id == key for table in tables]
    conditions.append((statement.c.track_id == key) & (statement.c.source == "person"))
    with database.read() as connection:
        return tuple(
            connection.execute(sa.select(sa.func.count()).where(each)).scalar_one() for each in conditions
        )


def places(database: Database) -> dict[int, tuple[str, str]]:
    """Collection and path of the present tracks, by id."""
    query = sa.select(track.c.id, collection.c.name, track.c.path).join_from(track, collection)
    with database.read() as connection:
        found = connection.execute(query.where(track.c.state == "present"))
        return {key: (name, path) for key, name, path in found}
