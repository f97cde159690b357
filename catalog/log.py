"""What the program logs to stderr: lines for people, or an object a line for a collector of logs. Never a password."""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime

PASSWORD = re.compile(r"(://[^\s:/@]*:)[^\s@]+@")
"""What stands between colon and at sign in an address."""
STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
"""What every record has; everything else was said with it."""


def without_passwords(text: str) -> str:
    """The text with the passwords of addresses in it made unreadable."""
    return PASSWORD.sub(r"\1***@", text)


class LineFormatter(logging.Formatter):
    """Lines for people."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """The line, or the lines of a traceback."""
        return without_passwords(super().format(record))


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
