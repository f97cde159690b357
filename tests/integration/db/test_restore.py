"""A backup restored into an empty database has the same rows."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from catalog.db import tables as t
from catalog.db.database import Database, open_database
from catalog.db.schema.integrity import check_schema
from catalog.db.transfer.archive import open_archive
from catalog.db.transfer.backup import Home, back_up
from catalog.db.transfer.restore import RestoreRejectedError, require_restorable, restore
from tests.integration.conftest import Sample
from tests.integration.db.conftest import EmptyUrl


def home_in(folder: Path) -> Home:
    return Home(folder / "models", folder / "config.toml")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_rows_and_configuration_are_restored(
    database: Database, sample: Sample, empty_url: EmptyUrl, tmp_path: Path
) -> None:
    old, new = home_in(tmp_path / "old"), home_in(tmp_path / "new")
    old.config.parent.mkdir()
    old.config.write_text("[train]\nseed = 1\n")
    archive = tmp_path / "backups" / "a.zip"
    back_up(database, old, archive)
    target = open_database(empty_url("sqlite"))
    manifest = restore(archive, target, new)
    with target.read() as connection:
        tracks = connection.execute(sa.select(sa.func.count()).select_from(t.track)).scalar_one()
    assert tracks == manifest.rows["track"] == len(sample.tracks)
    assert new.config.read_text() == old.config.read_text()
    assert [check.differences for check in check_schema(target)] == [0, 0]
    with open_archive(archive) as opened, pytest.raises(RestoreRejectedError, match="exists"):
        require_restorable(opened, target, new)
    target.close()


def test_a_backup_is_restored_on_its_own_kind_of_database(
    sqlite_url: str, postgresql_url: str, tmp_path: Path
) -> None:
    source, target = open_database(sqlite_url), open_database(postgresql_url)
    back_up(source, home_in(tmp_path / "old"), tmp_path / "backups" / "a.zip")
    with (
        open_archive(tmp_path / "backups" / "a.zip") as archive,
        pytest.raises(RestoreRejectedError, match="cannot be restored into postgresql"),
    ):
        require_restorable(archive, target, home_in(tmp_path / "new"))
    source.close()
    target.close()
