"""The official excerpt of the Free Music Archive's metadata, where it is at hand."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import sqlalchemy as sa

from catalog.collection.fma.fma_import import import_fma
from catalog.collection.import_vectors import import_vectors
from catalog.db.database import Database
from catalog.db.tables import album, artist, fma_track, track, track_status
from catalog.features.stored_feature_set import active_feature_set
from catalog.features.vectors import load_matrix

DATA = Path(os.environ.get("MUSIC_CATALOG_DATA", Path(__file__).parents[3] / "shared" / "data"))
REAL = DATA / "fma"

pytestmark = pytest.mark.skipif(
    not (REAL / "fma_tracks_official_excerpt.csv").exists(), reason="the archive's metadata is not at hand"
)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The official files in a folder of their own."""
    (tmp_path / "tracks.csv").symlink_to(REAL / "fma_tracks_official_excerpt.csv")
    (tmp_path / "genres.csv").symlink_to(REAL / "genres.csv")
    return tmp_path


def test_the_excerpt_comes_in_without_a_warning(database: Database, place: Path) -> None:
    report = import_fma(database, place)
    assert (report.tracks, report.skipped, report.problems) == (682, 0, [])
    assert report.recorded.without_genre == 1
    query = (
        sa.select(
            track.c.external_id,
            track.c.title,
            artist.c.name,
            album.c.title,
            fma_track.c.subset,
            fma_track.c.split,
            fma_track.c.listens,
            track_status.c.tagged_genres,
        )
        .join_from(track, fma_track)
        .join(track_status, track_status.c.track_id == track.c.id)
        .join(artist, artist.c.id == track.c.artist_id)
        .join(album, album.c.id == track.c.album_id)
    )
    with database.read() as connection:
        rows = {int(row[0]): tuple(row[1:]) for row in connection.execute(query)}
    assert rows[2] == ("Food", "AWOL", "AWOL - A Way Of Life", "small", "training", 1293, "Hip-Hop")
    assert rows[10][:2] == ("Freeway", "Kurt Vile")
    assert rows[20][-1] == "Experimental Pop; Singer-Songwriter"
    assert import_fma(database, place).recorded.unchanged == 682


def test_ready_made_vectors_come_in_without_a_warning(database: Database, place: Path) -> None:
    import_fma(database, place)
    report = import_vectors(database, REAL / "ntds2017_fma_features.csv", "mfcc-140")
    assert (report.vectors.dimensions, report.skipped) == (140, 0)
    assert report.vectors.matched > 0
    with database.read() as connection:
        recipe = active_feature_set(connection, "mfcc-140")
        assert recipe is not None
        _, matrix = load_matrix(connection, recipe)
    assert matrix.shape == (report.vectors.matched, 140)
