"""The help: quick, complete, and the same as the page docs/commands.md."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from catalog.cli.common.exit_codes import EXIT_USAGE
from catalog.cli.common.option_conventions import PREFIX, WITHOUT_VARIABLE
from catalog.cli.main import cli, run

ROOT = Path(__file__).parents[3]

HEAVY = [
    "av",
    "librosa",
    "matplotlib",
    "numba",
    "onnxruntime",
    "pyarrow",
    "scipy",
    "skops",
    "sklearn",
]
"""What takes its time to import, and no help needs."""

LOOK = """
import json, sys
from catalog.cli.main import run

heavy, found = json.loads(sys.argv[1]), {}
for arguments in json.loads(sys.argv[2]):
    # Click leaves by an exit code of its own; what else goes wrong ends the test here.
    assert run(arguments) == 0, arguments
    loaded = sorted(name for name in heavy if name in sys.modules)
    if loaded:
        found[" ".join(arguments)] = loaded
        break
print("\\n" + json.dumps(found))
"""


def commands(
    command: click.Command = cli, path: tuple[str, ...] = (), context: click.Context | None = None
) -> Iterator[tuple[tuple[str, ...], click.Command, click.Context]]:
    """The program, its verbs, and the verbs below them."""
    settings = cli.context_settings if command is cli else {}
    here = click.Context(command, info_name=path[-1] if path else "catalog", parent=context, **settings)
    yield path, command, here
    if isinstance(command, click.Group):
        for name in command.list_commands(here):
            child = command.get_command(here, name)
            assert child is not None
            yield from commands(child, (*path, name), here)


def imported(heavy: list[str], arguments: list[list[str]]) -> dict[str, list[str]]:
    done = subprocess.run(
        [sys.executable, "-c", LOOK, json.dumps(heavy), json.dumps(arguments)],
        capture_output=True,
        check=False,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, list[str]] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_every_verb_is_there_and_described() -> None:
    for path, command, _ in commands():
        assert (command.help or "").strip(), path


def test_the_list_of_verbs_imports_none_of_them() -> None:
    assert imported([*HEAVY, "sqlalchemy", "numpy", "redis", "rq", "catalog.db"], [["--help"]]) == {}


def test_no_help_imports_what_only_work_needs() -> None:
    assert imported(HEAVY, [[*path, "--help"] for path, _, _ in commands()]) == {}


def test_every_option_has_a_variable_of_its_own() -> None:
    seen: dict[str, str] = {}
    page = (ROOT / "docs" / "environment.md").read_text(encoding="utf-8")
    for path, command, _ in commands():
        for parameter in command.params:
            if not isinstance(parameter, click.Option) or not parameter.expose_value:
                continue
            if parameter.name in WITHOUT_VARIABLE:
                continue
            longest = max(parameter.opts, key=len)
            variable = "_".join([PREFIX, *path, longest.lstrip("-")]).replace("-", "_").upper()
            assert parameter.envvar == variable
            assert f"| `{variable}` | `{' '.join(['catalog', *path])}` |" in page
            assert variable not in seen, (path, seen[variable])
            seen[variable] = longest


def test_a_variable_is_heard_and_a_flag_wins(
    sqlite_url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CATALOG_DATABASE_URL", sqlite_url)
    monkeypatch.setenv("CATALOG_SQL_LIMIT", "1")
    assert run(["sql", "VALUES (1), (2)", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [{"column1": 1}]
    assert run(["sql", "VALUES (1), (2)", "--csv", "--limit", "2"]) == 0
    assert capsys.readouterr().out.split() == ["column1", "1", "2"]


def test_what_is_nearly_a_verb_is_answered_with_the_verb(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["ingst", "/music"]) == EXIT_USAGE
    assert "No such command 'ingst'. Did you mean 'ingest'?" in capsys.readouterr().err
    assert run(["xyzzy"]) == EXIT_USAGE
    assert "No such command 'xyzzy'.\n" in capsys.readouterr().err


def test_the_page_of_commands_is_what_the_verbs_say() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "write_commands.py", "--check"],
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_catalog_that_is_up_to_date_is_asked_without_what_only_changes_need(sqlite_url: str) -> None:
    spared = [*HEAVY, "alembic", "psycopg"]
    arguments = [["--database-url", sqlite_url, *verb] for verb in (["queue", "status"], ["stats"])]
    assert imported(spared, arguments) == {}
