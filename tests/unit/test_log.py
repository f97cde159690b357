"""What is logged: an object a line, and never a password."""

from __future__ import annotations

import json
import logging
import subprocess
import sys

import pytest

from catalog.log import JsonFormatter, LineFormatter, without_passwords


def record(message: str, **said: object) -> logging.LogRecord:
    made = logging.makeLogRecord(
        {"name": "workers.process.jobs", "levelno": 30, "levelname": "WARNING", "msg": message}
    )
    vars(made).update(said)
    return made


def test_an_object_a_line_with_what_was_said_with_it() -> None:
    text = JsonFormatter().format(record("a track\nfailed", track_id=7, seconds=0.5, path=b"x"))
    assert "\n" not in text
    said = json.loads(text)
    assert (said["level"], said["logger"], said["event"]) == (
        "warning",
        "workers.process.jobs",
        "a track\nfailed",
    )
    assert (said["track_id"], said["seconds"], said["path"]) == (7, 0.5, "b'x'")
    assert said["time"].endswith("+00:00")


def test_a_traceback_stays_in_its_line_and_without_its_password() -> None:
    try:
        int("postgresql://ann:hunter2@host/catalog")
    except ValueError:
        information = sys.exc_info()
    for formatter in (JsonFormatter(), LineFormatter()):
        text = formatter.format(record("it broke", exc_info=information))
        assert "postgresql://ann:***@host/catalog" in text
        assert "hunter2" not in text
    assert (
        "ValueError"
        in json.loads(JsonFormatter().format(record("it broke", exc_info=information)))["traceback"]
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("rediss://:s3cret@host:6379/0", "rediss://:***@host:6379/0"),
        ("redis://ann:a:b@host", "redis://ann:***@host"),
        ("redis://:p@ss/w@rd@host:6379/0 is away", "redis://:***@host:6379/0 is away"),
        ("postgresql:///catalog?host=h&password=s3cret&x=1", "postgresql:///catalog?host=h&password=***&x=1"),
        ("host=h password='s3 c\\'ret' user=u", "host=h password=*** user=u"),
        ("http://127.0.0.1:8765/enter/abc_DEF-1 opened", "http://127.0.0.1:8765/enter/*** opened"),
        ("postgresql://ann@host/catalog", "postgresql://ann@host/catalog"),
        ("ratio 3:4, mail me@host", "ratio 3:4, mail me@host"),
    ],
)
def test_passwords_of_addresses_are_not_shown(text: str, shown: str) -> None:
    assert without_passwords(text) == shown


def test_a_name_can_neither_command_a_terminal_nor_begin_a_line() -> None:
    text = LineFormatter().format(
        record("a\x1b[31m\x9b2J.mp3\n2026-01-01 00:00:00,000 ERROR fake\rb\u2028c failed")
    )
    assert text.splitlines() == [text]
    assert not {"\x1b", "\x9b", "\r", "\u2028"} & set(text)


LOGGERS = """
import logging, sys
from catalog.cli.main import cli

@cli.command()
def probe():
    for name in ("catalog.scan", "workers.pool", "redis.connection", "matplotlib.font_manager"):
        for level in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR):
            logging.getLogger(name).log(level, name)

cli.get_command = lambda _context, _name: probe
cli.main(sys.argv[1:])
"""


@pytest.mark.parametrize(
    ("options", "own"),
    [
        ((), 2),
        (("-v",), 3),
        (("-vv",), 4),
        (("--log-level", "error"), 1),
        (("--log-level", "DEBUG"), 4),
        (("-vv", "--log-level", "warning"), 2),
        (("--log-json",), 3),
        (("--log-json", "--log-level", "debug"), 4),
    ],
)
def test_the_level_is_for_this_program_and_libraries_only_warn(options: tuple[str, ...], own: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOGGERS, *options, "stats"], capture_output=True, text=True, check=False
    )
    lines = done.stderr.splitlines()
    counts = [sum(name in line for line in lines) for name in ("catalog.scan", "workers.pool", "redis")]
    assert counts == [own, own, min(own, 2)], done.stderr
    assert sum("font_manager" in line for line in lines) == 1
