"""PostgreSQL is stopped in the middle of a verb and comes back: the verb waits, and ends as if nothing had been."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from catalog.cli.main import run
from catalog.collection.fma import fma_import
from catalog.collection.fma.fma_upsert import upsert_fma_tracks
from catalog.collection.labels import labels
from catalog.collection.scan import scan
from catalog.collection.scan.scanned_file import read_scanned_file
from catalog.db.database import open_database
from catalog.db.derived.track_status import refresh_track_status
from catalog.db.tables import statement, track
from tests.integration.collection.conftest import MakeSong
from tests.integration.collection.fma_files import row, write_tracks
from tests.integration.outage import Outage


def column(url: str, what: sa.Column[Any]) -> list[Any]:
    database = open_database(url)
    with database.read() as connection:
        found = list(connection.execute(sa.select(what)).scalars())
    database.close()
    return found


def test_scan(
    outage: Outage,
    postgresql_url: str,
    music: Path,
    make_song: MakeSong,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for number in range(20):
        make_song(music / f"{number:02}.mp3", number, genre="Rock")
    monkeypatch.setattr(scan, "FILES_PER_TRANSACTION", 5)
    monkeypatch.setattr(scan, "read_scanned_file", outage.strike_at(13, read_scanned_file))
    code = run(["--database-url", postgresql_url, "scan", str(music)])
    printed = capsys.readouterr()
    assert code == 0, printed.err
    assert "20 files" in printed.out
    assert "20 new" in printed.out
    assert len(column(postgresql_url, track.c.path)) == 20
    assert len(column(postgresql_url, statement.c.track_id)) == 20


def test_labels_import(
    outage: Outage,
    postgresql_url: str,
    music: Path,
    make_song: MakeSong,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for number in range(3):
        make_song(music / f"{number}.mp3", number)
    assert run(["--database-url", postgresql_url, "scan", str(music)]) == 0
    capsys.readouterr()
    file = music / "labels.csv"
    file.write_text("path,genre\n0.mp3,Jazz\n1.mp3,Blues\nnone.mp3,Pop\n")
    # After the statements were written, and before they are committed.
    monkeypatch.setattr(labels, "refresh_track_status", outage.strike_at(1, refresh_track_status))
    code = run(["--database-url", postgresql_url, "labels", "import", str(file)])
    printed = capsys.readouterr()
    assert code == 0, printed.err
    assert "3 rows, with genres for 2 tracks" in printed.out
    assert "2 new" in printed.out
    assert "1 row matched no track" in printed.err
    assert len(column(postgresql_url, statement.c.track_id)) == 2


def test_fma_import(
    outage: Outage,
    postgresql_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = write_tracks(tmp_path / "tracks.csv", [row(number) for number in range(2, 8)])
    monkeypatch.setattr(fma_import, "TRACKS_PER_TRANSACTION", 2)
    monkeypatch.setattr(fma_import, "upsert_fma_tracks", outage.strike_at(2, upsert_fma_tracks))
    code = run(["--database-url", postgresql_url, "fma", "import", str(file)])
    printed = capsys.readouterr()
    assert code == 0, printed.err
    assert "6 tracks in" in printed.out
    assert "4 new, 0 changed, 2 unchanged" in printed.out
    assert sorted(column(postgresql_url, track.c.external_id)) == ["2", "3", "4", "5", "6", "7"]
    assert len(column(postgresql_url, statement.c.track_id)) == 6
