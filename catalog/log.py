"""What the program logs to stderr: lines for people, or an object a line for a collector of logs. Never a password."""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime

PASSWORD = re.compile(r"(://[^\s:/@]*:)\S+@")
"""What stands between colon and the last at sign in an address: a password may hold one that nobody has encoded."""
NAMED_PASSWORD = re.compile(r"\b((?:ssl)?password=)('(?:[^'\\]|\\.)*'|[^\s&'\"]+)", re.IGNORECASE)
"""The same as an option, in the query of an address or among libpq's words."""
LINK = re.compile(r"(/enter/)[\w-]+")
"""A reviewer's link."""
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
"""What a terminal obeys, or a reader of logs takes for the end of a line; tab and line feed are not among them."""
STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
"""What every record has; everything else was said with it."""


def without_passwords(text: str) -> str:
    """The text with the passwords of addresses and reviewers' links in it made unreadable."""
    return LINK.sub(r"\1***", NAMED_PASSWORD.sub(r"\1***", PASSWORD.sub(r"\1***@", text)))


class LineFormatter(logging.Formatter):
    """Lines for people."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """The line, or the lines of a traceback, without what could command a terminal."""
        return CONTROL.sub("\N{REPLACEMENT CHARACTER}", without_passwords(super().format(record)))

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """The line itself: a name in it cannot begin another one."""
        return " ".join(super().formatMessage(record).splitlines())


class JsonFormatter(logging.Formatter):
    """One JSON object a line: `time` (UTC), `level`, `logger`, `event`, `process`, and what was said with it."""

    def format(self, record: logging.LogRecord) -> str:
        """The object."""
        said = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
            "process": record.process,
            **{name: value for name, value in vars(record).items() if name not in STANDARD},
        }
        if record.exc_info:
            said["traceback"] = self.formatException(record.exc_info)
        return without_passwords(json.dumps(said, default=str, ensure_ascii=False))


def set_up_log(level: int, *, is_json: bool) -> None:
    """Has everything from this level up logged to stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if is_json else LineFormatter())
    logging.basicConfig(level=level, handlers=[handler])
    # It tells at every start which database it is used with.
    logging.getLogger("alembic").setLevel(max(level, logging.WARNING))


def is_json_log() -> bool:
    """Whether what is logged comes as an object a line."""
    return any(isinstance(handler.formatter, JsonFormatter) for handler in logging.getLogger().handlers)
