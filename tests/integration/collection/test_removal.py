"""Removal of tracks that have been missing for long."""

from datetime import timedelta

import sqlalchemy as sa

from catalog.collection.removal import prune
from catalog.collection.scan.scan import scan
from catalog.collection.statements import NewStatement
from catalog.db.columns import now
from catalog.db.derived.track_status import track_status_differences
from catalog.db.tables import (  # fmt: skip
    track,
)
from tests.integration.statement_helpers import append_statements


def tracks_by_path(database):
    with database.read() as connection:
        return dict(connection.execute(sa.select(track.c.path, track.c.id)).all())


def test_pruning_forgets_what_is_long_gone_and_nobody_spoke_of(database, music, make_song):
    for number in range(4):
        make_song(music / f"{number}.mp3", number, genre="Rock", artist="A")
    scan(database, music)
    for number in (1, 2, 3):
        (music / f"{number}.mp3").unlink()
    scan(database, music)
    keys = tracks_by_path(database)
    with database.write() as connection:
        long_ago = now() - timedelta(days=100)
        gone = track.c.id.in_([keys["1.mp3"], keys["2.mp3"]])
        connection.execute(sa.update(track).where(gone).values(seen_at=long_ago))
        append_statements(connection, "person", [NewStatement(keys["2.mp3"], ("Pop",))])
    assert (prune(database, 90, dry_run=True).removed, len(tracks_by_path(database))) == (1, 4)
    pruned = prune(database, 90)
    assert (pruned.removed, pruned.kept) == (1, 1)
    assert set(tracks_by_path(database)) == {"0.mp3", "2.mp3", "3.mp3"}
    with database.read() as connection:
        assert track_status_differences(connection) == 0
    assert prune(database, 0).removed == 1
