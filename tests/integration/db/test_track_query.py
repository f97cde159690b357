"""Shared query parts: listed tracks, tracks with a file, the latest audit."""

from __future__ import annotations

import sqlalchemy as sa

from catalog.db.database import Database
from catalog.db.tables import album, artist, audit, track
from catalog.db.track_query import HAS_FILE, IS_LISTED, latest_audit, with_artist_and_album
from tests.integration.conftest import DAY, Sample, insert


def test_missing_tracks_are_not_listed(database: Database, sample: Sample) -> None:
    with database.write() as connection:
        for title, state in (("Amber", "missing"), ("Basalt", "metadata")):
            connection.execute(sa.update(track).where(track.c.id == sample.tracks[title]).values(state=state))
        count = sa.select(sa.func.count()).select_from(track)
        assert connection.scalar(count.where(IS_LISTED)) == len(sample.tracks) - 1
        assert connection.scalar(count.where(HAS_FILE)) == len(sample.tracks) - 2


def test_tracks_without_an_artist_stay(database: Database, sample: Sample) -> None:
    with database.write() as connection:
        unknown = sa.update(track).where(track.c.title == "Amber").values(artist_id=None, album_id=None)
        connection.execute(unknown)
        query = sa.select(track.c.title, artist.c.name, album.c.title).select_from(with_artist_and_album())
        rows = {title: (name, album_title) for title, name, album_title in connection.execute(query)}
    assert len(rows) == len(sample.tracks)
    assert (rows["Amber"], rows["Dew"]) == ((None, None), ("Bruno", "Water"))


def test_the_latest_audit_is_finished(database: Database, sample: Sample) -> None:
    with database.write() as connection:
        assert connection.scalar(sa.select(latest_audit("labels"))) == sample.audit_id
        insert(connection, audit, kind="labels", parameters={})
        assert connection.scalar(sa.select(latest_audit("labels"))) == sample.audit_id
        newer = insert(connection, audit, kind="labels", parameters={}, finished_at=DAY)
        assert connection.scalar(sa.select(latest_audit("labels"))) == newer
        connection.execute(sa.delete(audit).where(audit.c.kind == "duplicates"))
        assert connection.scalar(sa.select(latest_audit("duplicates"))) is None
