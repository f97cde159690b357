"""The verb `doctor`: what is well, what is not, and what to do."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from catalog.audio.kernel_cache import cache_folder
from catalog.cli.main import run
from catalog.db import tables as t
from catalog.db.columns import now
from catalog.db.database import Database
from catalog.db.schema.schema_state import COPY_TABLE
from workers.broker.broker import open_broker
from workers.process import kernel_compilation
from workers.state.queue_status import START_WORKER


def found(outcome: Any) -> dict[str, dict[str, str]]:
    return {row["subject"]: row for row in json.loads(outcome.out)}


@pytest.fixture(autouse=True)
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """The compilations that were asked for, which would take seconds each."""
    calls: list[bool] = []

    def compile_kernels(_features: object, *, is_forced: bool) -> None:
        calls.append(is_forced)

    monkeypatch.setattr(kernel_compilation, "compile_kernels", compile_kernels)
    return calls


def test_all_is_well(invoke: Any, database: Database, home: Path) -> None:
    done = invoke("doctor", "--json")
    rows = found(done)
    assert (done.code, done.err.endswith("ok\n")) == (0, True), done.out
    assert {
        "Python",
        "libraries",
        "home",
        "disk",
        "database",
        "Redis",
        "decoders",
        "networks",
        "kernels",
        "fonts",
        "model",
    } < rows.keys()
    assert {row["state"] for row in rows.values()} == {"ok"}
    assert rows["model"]["finding"].startswith("no active model")
    assert ("journal" if database.is_sqlite else "server") in rows
    assert not (home / "run" / "valkey.sock").exists()


def test_before_the_first_run_nothing_is_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--home", str(tmp_path / "home"), "doctor", "--csv"]) == 0
    assert "start with: catalog ingest FOLDER" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


def test_a_password_that_others_can_read(invoke: Any, database: Database, home: Path) -> None:
    home.mkdir(exist_ok=True)
    config = home / "config.toml"
    for text, mode, is_told in (
        ('database_url = "postgresql://ann:hunter2@host/catalog"\n', 0o644, True),
        ('database_url = "postgresql://ann:hunter2@host/catalog"\n', 0o600, False),
        ('database_url = "postgresql://ann@host/catalog"\n', 0o644, False),
    ):
        config.write_text(text)
        config.chmod(mode)
        done = invoke("doctor", "--json")
        assert ("configuration" in found(done)) is is_told
        assert "hunter2" not in done.out + done.err


def test_the_model_in_force_must_be_the_one_that_was_written(
    invoke: Any, sample: Any, database: Database, home: Path
) -> None:
    folder = home / "models"
    folder.mkdir(parents=True)
    (folder / "a.skops").write_bytes(b"a model")
    digest = hashlib.sha256(b"a model").hexdigest()
    with database.write() as connection:
        connection.execute(sa.update(t.model).values(artifact="a.skops", artifact_sha256=digest))
    assert found(invoke("doctor", "--json"))["model"]["state"] == "ok"
    (folder / "a.skops").write_bytes(b"another")
    done = invoke("doctor", "--json")
    assert (done.code, found(done)["model"]["state"]) == (1, "problem")
    (folder / "a.skops").unlink()
    assert found(invoke("doctor", "--json"))["model"]["state"] == "problem"


def test_a_heartbeat_from_the_future(invoke: Any, database: Database) -> None:
    with database.write() as connection:
        beat = now() + timedelta(hours=2)
        connection.execute(
            sa.insert(t.worker).values(name="w", host="h", pid=1, version="1", heartbeat_at=beat)
        )
    done = invoke("doctor", "--json")
    assert (done.code, found(done)["clock"]["state"]) == (0, "warning")
    assert "NTP" in found(done)["clock"]["advice"]


def test_a_broker_that_does_not_answer(
    sqlite_url: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = [
        "--home",
        str(home),
        "--database-url",
        sqlite_url,
        "--redis-url",
        "redis://:secret@localhost:1/0",
    ]
    assert run([*options, "doctor", "--json"]) == 1
    printed = capsys.readouterr()
    (broker,) = [row for row in json.loads(printed.out) if row["subject"] == "Redis"]
    assert broker["state"] == "problem"
    assert "secret" not in printed.out + printed.err


def test_a_database_that_does_not_answer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url = "postgresql://somebody:secret@localhost:1/catalog"
    assert run(["--home", str(tmp_path), "--database-url", url, "doctor"]) == 1
    printed = capsys.readouterr()
    assert "cannot be opened" in printed.out
    assert "check that the server is running" in printed.out
    assert "secret" not in printed.out + printed.err


def test_a_database_of_another_time_or_program(
    sqlite_url: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import sqlite3

    arguments = ["--home", str(home), "--database-url", sqlite_url, "doctor"]
    file = sqlite_url.removeprefix("sqlite:///")
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE catalog_version SET version_num = 'f00'")
    connection.close()
    assert run(arguments) == 1
    assert "newer than this program" in capsys.readouterr().out
    with sqlite3.connect(file) as connection:
        connection.execute("DROP TABLE catalog_version")
    connection.close()
    assert run(arguments) == 1
    assert "another program" in capsys.readouterr().out
    Path(file).write_text("no database at all" * 999)
    assert run(arguments) == 1
    assert "not a database" in capsys.readouterr().out


def test_a_disk_that_is_nearly_full(invoke: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    genuine = shutil.disk_usage(Path("/"))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: genuine._replace(free=2**28))
    done = invoke("doctor", "--json")
    assert (done.code, found(done)["disk"]["state"]) == (0, "warning")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: genuine._replace(free=2**20))
    assert invoke("doctor").code == 1


def test_a_home_that_cannot_be_written_to(
    sqlite_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Root may write anywhere, so that the system's answer is given here.
    monkeypatch.setattr(os, "access", lambda _path, mode: not mode & os.W_OK)
    assert run(["--home", str(tmp_path), "--database-url", sqlite_url, "doctor"]) == 1
    assert "cannot be written to" in capsys.readouterr().out


def test_what_is_lacking_is_named(invoke: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from catalog import health

    monkeypatch.setitem(health.DECODERS, "FLAC", ("no-such-decoder",))
    monkeypatch.setattr(
        health, "requires", lambda _: ["numpy>=2", "no-such-library>=1", 'pytest; extra == "dev"']
    )
    done = invoke("doctor", "--json")
    rows = found(done)
    assert done.code == 1
    assert rows["decoders"]["finding"] == "cannot read FLAC"
    assert rows["libraries"]["finding"] == "not installed: no-such-library"


def test_a_broker_that_evicts_or_is_nearly_full(invoke: Any, home: Path) -> None:
    with open_broker(None, home / "run") as broker, broker.connect() as connection:
        connection.config_set("maxmemory-policy", "allkeys-lru")
        connection.config_set("maxmemory", connection.info("memory")["used_memory"])
        rows = json.loads(invoke("doctor", "--json").out)
        connection.config_set("maxmemory", 0)
    said = [row for row in rows if row["subject"] == "Redis"]
    assert [row["state"] for row in said] == ["ok", "warning", "warning"]
    assert "noeviction" in said[1]["advice"]
    assert "maxmemory" in said[2]["advice"]


def test_workers_of_another_version(invoke: Any, database: Database) -> None:
    with database.write() as connection:
        connection.execute(sa.insert(t.worker).values(name="a", host="attic", pid=1, version="0.0.1"))
    row = found(invoke("doctor", "--json"))["workers"]
    assert (row["state"], row["advice"]) == ("warning", "install the same version on every host")
    assert "attic (0.0.1)" in row["finding"]


def test_half_a_catalog_is_said_in_words(invoke: Any, database: Database) -> None:
    with database.write() as connection:
        connection.exec_driver_sql("DROP TABLE tag_write")
    done = invoke("doctor", "--json")
    row = found(done)["database"]
    assert (done.code, row["state"]) == (1, "problem")
    assert row["finding"].endswith("but some tables are missing")
    assert "catalog db restore" in row["advice"]
    assert done.err.startswith("1 problem, 0 warnings")
    with database.write() as connection:
        connection.exec_driver_sql(f"CREATE TABLE {COPY_TABLE} (source text)")
    row = found(invoke("doctor", "--json"))["database"]
    assert "did not finish" in row["finding"]
    assert "catalog db copy" in row["advice"]


def test_the_journal_of_another_program_is_its_own_affair(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import sqlite3

    file = tmp_path / "theirs.db"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE users (id integer)")
    connection.close()
    assert run(["--home", str(tmp_path), "--database-url", f"sqlite:///{file}", "doctor", "--json"]) == 1
    rows = {row["subject"]: row for row in json.loads(capsys.readouterr().out)}
    assert "another program" in rows["database"]["finding"]
    assert "journal" not in rows


def test_a_folder_is_no_database(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--home", str(tmp_path), "--database-url", f"sqlite:///{tmp_path}", "stats"]) == 1
    assert "is a folder; name a file" in capsys.readouterr().err


def doctor_of(tmp_path: Path, **variables: str) -> dict[str, dict[str, str]]:
    """The results of the installed command in an environment of its own."""
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("catalog")),
            "--home",
            str(tmp_path / "home"),
            "doctor",
            "--json",
        ],
        env={"PATH": os.environ["PATH"], "TMPDIR": str(tmp_path), **variables},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return {row["subject"]: row for row in json.loads(done.stdout)}


def test_caches_that_cannot_be_written_to_are_warnings(tmp_path: Path) -> None:
    rows = doctor_of(tmp_path, HOME="/proc/nowhere", NUMBA_CACHE_DIR=str(cache_folder().parent))
    assert (rows["kernels"]["state"], rows["fonts"]["state"]) == ("ok", "warning")
    assert "set MPLCONFIGDIR" in rows["fonts"]["advice"]


@pytest.mark.parametrize(
    ("is_anywhere", "finding"), [(True, "machine code is kept in"), (False, "every process compiles again")]
)
def test_kernels_that_cannot_be_kept(
    invoke: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    compiled: list[bool],
    is_anywhere: bool,
    finding: str,
) -> None:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp") if is_anywhere else "/proc/nowhere")
    monkeypatch.setenv("NUMBA_CACHE_DIR", "/proc/nowhere")
    cache_folder.cache_clear()
    try:
        row = found(invoke("doctor", "--json"))["kernels"]
    finally:
        cache_folder.cache_clear()
    assert (row["state"], compiled) == ("warning", [True])
    assert finding in row["finding"]
    assert "NUMBA_CACHE_DIR" in row["advice"]


def test_kernels_that_crash(invoke: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(_features: object, *, is_forced: bool) -> None:
        raise kernel_compilation.KernelsFailedError("a test ended by SIGSEGV")

    monkeypatch.setattr(kernel_compilation, "compile_kernels", crash)
    done = invoke("doctor", "--json")
    row = found(done)["kernels"]
    assert (done.code, row["state"], row["finding"]) == (1, "problem", "a test ended by SIGSEGV")
    assert "reinstall" in row["advice"]


def test_pending_tracks_without_a_worker(invoke: Any, sample: Any, database: Database) -> None:
    with database.write() as connection:
        connection.execute(sa.update(t.worker).values(stopped_at=now()))
        connection.execute(sa.delete(t.feature_vector))
    row = found(invoke("doctor", "--json"))["workers"]
    assert row["state"] == "warning"
    assert row["finding"].endswith("tracks are pending")
    assert row["finding"].startswith("no worker is running, and ")
    assert row["advice"] == START_WORKER


def test_the_networks_are_one_line(invoke: Any) -> None:
    row = found(invoke("doctor", "--json"))["networks"]
    assert row["finding"] == "both musicnn networks run: msd, mtt"
