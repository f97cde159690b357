"""Output that an encoding cannot hold, and closed streams, never end a command."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

PROGRAM = str(Path(sys.executable).with_name("catalog"))
GREEK, ACCENT, ODD = "Ροκ \N{EN DASH} ロック.mp3", "é.mp3", b"\xff\xfe.mp3"
QUERY = "SELECT path FROM track ORDER BY path"

Run = Callable[..., "subprocess.CompletedProcess[bytes]"]


@pytest.fixture
def catalog(tmp_path: Path) -> Run:
    """Runs the installed command on a home of its own, with the streams closed that are named as in a shell."""

    def run(
        *arguments: str | bytes, closed: str = "", **variables: str
    ) -> subprocess.CompletedProcess[bytes]:
        command = [PROGRAM, "--home", str(tmp_path / "home"), *arguments]
        return subprocess.run(
            ["sh", "-c", f'"$@" {closed}', "sh", *command],
            capture_output=True,
            check=False,
            env={**os.environ, **variables},
        )

    return run


@pytest.fixture
def music(tmp_path: Path) -> Path:
    folder = tmp_path / "music"
    folder.mkdir()
    for name in (GREEK, ACCENT):
        (folder / name).write_bytes(b"no sound")
    (folder / os.fsdecode(ODD)).write_bytes(b"no sound")
    return folder


@pytest.mark.parametrize(
    ("encoding", "shown"), [("latin-1", {"??? - ???.mp3", ACCENT}), ("ascii", {"??? - ???.mp3", "e.mp3"})]
)
def test_an_old_terminal_shows_similar_characters_and_programs_get_all(
    catalog: Run, music: Path, encoding: str, shown: set[str]
) -> None:
    old = {"PYTHONIOENCODING": encoding}
    assert catalog("scan", str(music), **old).returncode == 0
    table = catalog("sql", QUERY, **old)
    assert (table.returncode, table.stderr) == (0, b"")
    assert shown < {line.strip() for line in table.stdout.decode(encoding).splitlines()}
    rows = catalog("sql", "--csv", QUERY, **old)
    assert {GREEK, ACCENT} < set(rows.stdout.decode().splitlines())
    text = catalog("sql", "--json", QUERY, **old).stdout.decode("ascii")
    assert {GREEK, ACCENT} < {row["path"] for row in json.loads(text)}
    wrong = catalog("show", "Ροκ.xyz", **old)
    assert (wrong.returncode, wrong.stderr[:36]) == (1, b"catalog: no track matches '???.xyz';")


def test_the_c_locale(catalog: Run, music: Path) -> None:
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    assert catalog("scan", str(music), **plain).returncode == 0
    assert b"e.mp3" in catalog("sql", QUERY, **plain).stdout
    assert catalog("--help", **plain).returncode == 0


@pytest.mark.parametrize("closed", [">&-", "<&- >&- 2>&-"])
def test_closed_streams_are_the_null_device_and_never_the_database(
    catalog: Run, music: Path, closed: str
) -> None:
    assert catalog("scan", str(music), closed=closed).returncode == 0
    for arguments in (
        ["sql", "--csv", QUERY],
        ["show", "1"],
        ["export", QUERY],
        ["--help"],
    ):
        done = catalog(*arguments, closed=closed)
        assert done.returncode == 0, (arguments, done.stderr)
    assert catalog("show", "9", closed=closed).returncode == 1
    check = catalog("db", "check")
    assert check.returncode == 0, check.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["scan", b"\xff"], 1, b"does not exist"),
        (["export", "labels", "-o", b"out\xff.foo"], 2, b"unknown suffix of out\xef\xbf\xbd.foo"),
        (["sql", b"SELECT '\xff'"], 1, b"bytes that are not valid text"),
        ([b"fro\xff"], 2, b"No such command"),
    ],
)
def test_arguments_that_are_not_text(
    catalog: Run, music: Path, arguments: list[str | bytes], code: int, message: bytes
) -> None:
    assert catalog("scan", str(music)).returncode == 0
    done = catalog(*arguments)
    assert (done.returncode, message in done.stderr, b"Traceback" in done.stderr) == (code, True, False)


def test_a_home_that_is_not_text(music: Path, tmp_path: Path) -> None:
    home = tmp_path / os.fsdecode(b"h\xff")
    done = subprocess.run([PROGRAM, b"--home", home, "scan", music], capture_output=True, check=False)
    assert (done.returncode, b"choose another with --home" in done.stderr) == (1, True)
    assert not home.exists()


@pytest.mark.skipif(shutil.which("script") is None, reason="script is not installed")
def test_progress_on_an_old_terminal(tmp_path: Path, music: Path) -> None:
    command = f"{PROGRAM} --home {tmp_path}/home scan {music}"
    done = subprocess.run(
        ["script", "-qec", command, "/dev/null"],
        env={**os.environ, "PYTHONIOENCODING": "latin-1", "TERM": "xterm"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0
    assert b"3 new" in done.stdout
