"""Options of worker processes, passed to them as a command line argument."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from workers.host.root_mapping import RootMapping

DEFAULT_MEMORY_LIMIT = 2048
"""Megabytes per track. A typical track takes less than 100."""


@dataclass(frozen=True)
class WorkerOptions:
    """Options of the worker processes that a command starts."""

    roots: RootMapping = field(default_factory=RootMapping)
    """Paths of the collections on this host."""
    is_remote_host: bool = False
    """Whether another host decides which files are missing. A file whose folder is absent here is then released."""
    memory_limit: int = DEFAULT_MEMORY_LIMIT
    """Megabytes that the analysis of a track may allocate."""
    is_log_json: bool = False
    """Whether to log one JSON object per line to stderr."""

    def to_json(self) -> str:
        """The options as a command line argument."""
        return json.dumps({**vars(self), "roots": self.roots.texts()})

    @classmethod
    def from_json(cls, text: str) -> WorkerOptions:
        """The options that `to_json` wrote."""
        fields = json.loads(text)
        return cls(**{**fields, "roots": RootMapping.parse(fields["roots"])})
