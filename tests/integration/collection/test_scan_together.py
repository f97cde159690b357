"""Scans that run at the same time share artists and new genres, and none waits for ever."""

from concurrent.futures import ThreadPoolExecutor

import sqlalchemy as sa

from catalog.collection.scan import scan as scanning
from catalog.collection.scan.scan import scan
from catalog.db.derived.track_status import track_status_differences
from catalog.db.tables import album, artist, genre, statement, track


def test_two_scans_at_once(database, tmp_path, make_song, monkeypatch):
    monkeypatch.setattr(scanning, "FILES_PER_TRANSACTION", 4)
    for folder, order in (("a", 1), ("b", -1)):
        for number in range(24):
            place = number if order == 1 else 23 - number
            make_song(
                tmp_path / folder / f"{place:02}.mp3",
                (folder, number),
                genre=f"Brand{number % 5} New{number % 7}",
                artist=f"Artist {number % 6}",
                album=f"Album {number % 8}",
            )
    with ThreadPoolExecutor(4) as pool:
        paths = [tmp_path / "a", tmp_path / "b", tmp_path / "a", tmp_path / "b"]
        reports = list(pool.map(lambda path: scan(database, path), paths))
    assert all(report.files == 24 for report in reports)
    with database.read() as connection:
        assert track_status_differences(connection) == 0
        for table, number in ((track, 48), (statement, 48), (artist, 6)):
            assert connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() == number
        doubles = sa.select(album.c.key).group_by(album.c.key).having(sa.func.count() > 1)
        assert connection.execute(doubles).all() == []
        new = sa.select(sa.func.count()).where(genre.c.origin == "file")
        assert connection.execute(new).scalar_one() == 24
