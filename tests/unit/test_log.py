"""What is logged: an object a line, and never a password."""

from __future__ import annotations

import json
import logging
import sys

import pytest

from catalog.log import JsonFormatter, LineFormatter, without_passwords


def record(message: str, **said: object) -> logging.LogRecord:
    made = logging.makeLogRecord(
        {"name": "workers.jobs", "levelno": 30, "levelname": "WARNING", "msg": message}
    )
    vars(made).update(said)
    return made


def test_an_object_a_line_with_what_was_said_with_it() -> None:
    text = JsonFormatter().format(record("a track\nfailed", track_id=7, seconds=0.5, path=b"x"))
    assert "\n" not in text
    said = json.loads(text)
    assert (said["level"], said["logger"], said["event"]) == ("warning", "workers.jobs", "a track\nfailed")
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
        ("postgresql://ann@host/catalog", "postgresql://ann@host/catalog"),
        ("ratio 3:4, mail me@host", "ratio 3:4, mail me@host"),
    ],
)
def test_passwords_of_addresses_are_not_shown(text: str, shown: str) -> None:
    assert without_passwords(text) == shown
