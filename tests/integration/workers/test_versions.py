"""A new version of a recipe is computed beside the old one, and takes its place by one command."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import sqlalchemy as sa

from catalog.audio.feature_set import FeatureSet
from catalog.cli.main import run
from catalog.db.database import Database
from catalog.db.tables import track
from catalog.features.stored_feature_set import active_feature_set, register_feature_set
from catalog.features.vectors import load_matrix, store_vector
from catalog.settings import Settings
from tests.integration.workers.sound import QUIET, AddTracks


def test_from_one_version_to_the_next(
    database: Database,
    tiny: FeatureSet,
    add_tracks: AddTracks,
    settings: Settings,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The program computes version 1; the catalog is full of an older recipe of that name."""

    def invoke(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = run(["--home", str(settings.home), "--database-url", settings.database_url, *arguments])
        return code, *capsys.readouterr()

    tracks = add_tracks(QUIET, QUIET, QUIET)
    older = dataclasses.replace(tiny, parameters={"older": True})
    with database.write() as connection:
        old = register_feature_set(connection, older)
        prints = dict(connection.execute(sa.select(track.c.id, track.c.file_signature)).all())
        for track_id in tracks:
            vector = np.full(len(tiny.dimensions), 7, np.float32)
            store_vector(connection, old, track_id, vector, file_signature=prints[track_id])
    analyze = ("analyze", "--feature-set", "tiny", "--workers", "1")
    assert invoke(*analyze, "--dry-run")[1] == "3 tracks would be analyzed\n"
    code, out, err = invoke(*analyze)
    assert (code, out.startswith("3 tracks analyzed")) == (0, True)
    use = f"catalog features activate tiny {tiny.hash[:8]}"
    assert err.endswith(f"another version of tiny is active; to switch to version 1: {use}\n")
    with database.read() as connection:
        assert set(load_matrix(connection, old)[1].ravel()) == {7}
        assert active_feature_set(connection, "tiny") == old
    assert invoke(*use.split()[1:])[0] == 0
    assert "another version" not in invoke(*analyze)[2]
    with database.read() as connection:
        new = active_feature_set(connection, "tiny")
        assert new is not None
        assert new.hash == tiny.hash
        assert len(load_matrix(connection, new)[0]) == 3
    assert invoke("features", "remove", "tiny", old.hash, "-y")[1].startswith("deleted 3 vectors of tiny")
    with database.read() as connection:
        assert len(load_matrix(connection, new)[0]) == 3
