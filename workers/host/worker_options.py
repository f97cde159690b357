"""What worker processes keep to on this host, handed to them by their arguments."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, field

from workers.host.root_mapping import RootMapping

MEMORY_LIMIT = 2048
"""Megabytes for one track, unless told otherwise. A usual one takes less than 100."""


@dataclass(frozen=True)
class WorkerOptions:
    """What is asked of the worker processes of a command."""

    roots: RootMapping = field(default_factory=RootMapping)
    """Where collections are on this host."""
    is_guest: bool = False
    """Whether the files are another host's to say which are missing: those with their whole folder are given back."""
    memory_limit: int = MEMORY_LIMIT
    """Megabytes that listening to a track may take."""
    is_log_json: bool = False
    """Whether to log an object a line to stderr, everything from INFO up."""

    def arguments(self) -> list[str]:
        """What `from_options` understands."""
        found = ["--memory-limit", str(self.memory_limit)]
        for text in self.roots.texts():
            found += ["--root", text]
        found += ["--guest"] if self.is_guest else []
        return [*found, "--log-json"] if self.is_log_json else found

    @staticmethod
    def add_options(parser: argparse.ArgumentParser) -> None:
        """The options that `arguments` gives."""
        parser.add_argument("--memory-limit", type=int, default=MEMORY_LIMIT)
        parser.add_argument("--root", action="append", default=[])
        parser.add_argument("--guest", action="store_true")
        parser.add_argument("--log-json", action="store_true")

    @classmethod
    def from_options(cls, options: argparse.Namespace) -> WorkerOptions:
        """The rules that the process was started with."""
        roots: Sequence[str] = options.root
        return cls(RootMapping.parse(roots), options.guest, options.memory_limit, options.log_json)
