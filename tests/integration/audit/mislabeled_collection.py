"""A labeled collection with wrong tags for the tests of label audits."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

from catalog.db.database import Database
from catalog.db.derived.track_status import refresh_track_status
from catalog.db.tables import genre, label, statement
from catalog.learning.training_options import TrainingOptions
from tests.integration.labeled_collection import Filled, tag

Fill = Callable[..., Filled]
WANTED = TrainingOptions(feature_sets=("blobs",))


def genre_id(database: Database, name: str) -> int:
    with database.read() as connection:
        return int(connection.execute(sa.select(genre.c.id).where(genre.c.name == name)).scalar_one())


def mistag(database: Database, track_ids: list[int], name: str, source: str = "file") -> None:
    new_genre = genre_id(database, name)
    with database.write() as connection:
        for track_id in track_ids:
            tag(connection, track_id, new_genre, name, source=source)
        refresh_track_status(connection, track_ids)


def suspects(database: Database) -> list[tuple[int, str, str]]:
    with database.read() as connection:
        question = (
            "SELECT track_id, tagged_genre, suggested_genre FROM suspects ORDER BY suspicion DESC, track_id"
        )
        return [tuple(row) for row in connection.execute(sa.text(question))]


def tag_in_order(database: Database, track_id: int, *names: str) -> dict[str, int]:
    """Has the file say these genres; gives the ids of all genres by name."""
    with database.write() as connection:
        genres: dict[str, int] = dict(connection.execute(sa.select(genre.c.name, genre.c.id)).all())
        said = connection.execute(
            sa.insert(statement).values(track_id=track_id, source="file").returning(statement.c.id)
        ).scalar_one()
        for rank, name in enumerate(names):
            connection.execute(
                sa.insert(label).values(statement_id=said, rank=rank, genre_id=genres[name], as_written=name)
            )
        refresh_track_status(connection, [track_id])
    return genres


def tags(connection: sa.Connection, track_id: int) -> list[str]:
    question = sa.text("SELECT genre FROM current_label WHERE track_id = :track ORDER BY rank")
    return list(connection.execute(question, {"track": track_id}).scalars())
