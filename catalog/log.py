"""Logging to stderr as text lines or JSON lines, without passwords."""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime

PASSWORD = re.compile(r"(://[^\s:/@]*:)\S+@")
"""The password in a URL, up to the last at sign: it may contain unencoded at signs."""
NAMED_PASSWORD = re.compile(r"\b((?:ssl)?password=)('(?:[^'\\]|\\.)*'|[^\s&'\"]+)", re.IGNORECASE)
"""The password as a query parameter of a URL or as a libpq keyword."""
LINK = re.compile(r"(/enter/)[\w-]+")
"""A reviewer's link."""
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
"""Terminal controls and line separators, except tab and line feed."""
OWN_LOGGERS = ("catalog", "workers", "migrations")
STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
"""The standard attributes of a record; all others are extra fields."""


def without_passwords(text: str) -> str:
    """The text with passwords and reviewers' links replaced by asterisks."""
    return LINK.sub(r"\1***", NAMED_PASSWORD.sub(r"\1***", PASSWORD.sub(r"\1***@", text)))


class LineFormatter(logging.Formatter):
    """Formats records as text lines."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """The line, or the lines of a traceback, without terminal controls."""
        return CONTROL.sub("\N{REPLACEMENT CHARACTER}", without_passwords(super().format(record)))

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """The message on one line."""
        return " ".join(super().formatMessage(record).splitlines())


class JsonFormatter(logging.Formatter):
    """Formats records as JSON lines: `time` (UTC), `level`, `logger`, `event`, `process`, and extra fields."""

    def format(self, record: logging.LogRecord) -> str:
        """The object."""
        fields = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
            "process": record.process,
            **{name: value for name, value in vars(record).items() if name not in STANDARD},
        }
        if record.exc_info:
            fields["traceback"] = self.formatException(record.exc_info)
        return without_passwords(json.dumps(fields, default=str, ensure_ascii=False))


def set_up_log(level: int, *, is_json: bool) -> None:
    """Logs records of this program from this level on to stderr, and those of libraries from WARNING on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if is_json else LineFormatter())
    logging.basicConfig(level=max(level, logging.WARNING), handlers=[handler])
    for name in OWN_LOGGERS:
        logging.getLogger(name).setLevel(level)
    # Its warnings about a cache folder repeat what `catalog doctor` reports.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)


def is_json_log() -> bool:
    """Whether the log is written as JSON lines."""
    return any(isinstance(handler.formatter, JsonFormatter) for handler in logging.getLogger().handlers)
