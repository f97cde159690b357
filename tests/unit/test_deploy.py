"""The files of deploy/: valid systemd units, existing commands, and a consistent compose file."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import click
import pytest

from catalog.cli.main import cli

DEPLOY = Path(__file__).parents[2] / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("catalog-*"))


def assert_command(words: list[str]) -> None:
    """Asserts that the command exists and accepts the options."""
    command: click.Command = cli
    while isinstance(command, click.Group):
        subcommand = command.get_command(click.Context(command), words[0])
        assert subcommand is not None, words
        command, words = subcommand, words[1:]
    command.make_context("catalog", words, resilient_parsing=False)


def test_every_unit_runs_an_existing_command() -> None:
    commands = [
        line.partition("=")[2]
        for unit in UNITS
        for line in unit.read_text().splitlines()
        if line.startswith("ExecStart=")
    ]
    assert len(commands) == 4
    for command in commands:
        program, *words = shlex.split(command.replace("%i", "9101"))
        assert program == "/opt/catalog/bin/catalog"
        assert_command(words)


def test_every_variable_of_the_example_exists() -> None:
    variables_of_units = {variable for verb in ("worker", "review") for variable in variables(verb)}
    text = (DEPLOY / "systemd" / "catalog.env.example").read_text()
    lines = [line.removeprefix("#") for line in text.splitlines() if line.lstrip("#").startswith("CATALOG_")]
    assert len(lines) >= 4
    assert {line.partition("=")[0] for line in lines} <= variables_of_units


def variables(verb: str) -> set[str]:
    command = cli.get_command(click.Context(cli), verb)
    names: set[str] = set()
    pending = [cli, command]
    while pending:
        one = pending.pop()
        assert one is not None
        names |= {str(option.envvar) for option in one.params if isinstance(option, click.Option)}
        if isinstance(one, click.Group) and one is not cli:
            pending += one.commands.values()
    return names


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_every_unit_is_valid(tmp_path: Path) -> None:
    for unit in UNITS:
        # The program is not installed where the units expect it.
        text = unit.read_text().replace("/opt/catalog/bin/catalog", shutil.which("true") or "/bin/true")
        (tmp_path / unit.name.replace("@.", "@9101.")).write_text(text)
    for unit in tmp_path.iterdir():
        done = subprocess.run(
            ["systemd-analyze", "verify", str(unit)],
            capture_output=True,
            text=True,
            check=False,
            env={"SYSTEMD_UNIT_PATH": f"{tmp_path}:"},
        )
        assert (done.returncode, done.stderr) == (0, ""), unit.name


def test_the_image_runs_an_existing_command() -> None:
    lines = (DEPLOY / "Dockerfile").read_text().splitlines()
    instructions = dict(line.split(maxsplit=1) for line in lines if line.startswith(("ENTRYPOINT", "CMD")))
    *_, program = json.loads(instructions["ENTRYPOINT"])
    assert program == "catalog"
    assert_command(json.loads(instructions["CMD"]))


def test_every_command_of_the_readme_exists() -> None:
    text = (DEPLOY / "README.md").read_text()
    commands = re.findall(r"`catalog ([^`]+)`|run --rm worker (.+)", text)
    assert len(commands) >= 6
    for quoted, run in commands:
        assert_command(shlex.split(quoted or run))


def test_the_compose_services_are_consistent() -> None:
    yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    services = compose["services"]
    assert set(services) == {"postgres", "redis", "scan", "worker", "page", "train"}
    for name in ("scan", "worker", "page", "train"):
        service = services[name]
        assert set(service["depends_on"]) <= set(services)
        assert any(volume.endswith(":/music:ro") for volume in service["volumes"])
        assert "ports" not in service or all(port.startswith("127.0.0.1:") for port in service["ports"])
        assert_command(service["command"])
        assert set(service["environment"]) <= variables(service["command"][0])
    assert "noeviction" in services["redis"]["command"]
    assert "requirepass" in services["redis"]["command"]
