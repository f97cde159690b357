"""Options of worker processes, as a command line argument and back."""

from __future__ import annotations

import pytest

from workers.host.root_mapping import RootMapping
from workers.host.worker_options import WorkerOptions


@pytest.mark.parametrize(
    "options",
    [
        WorkerOptions(),
        WorkerOptions(RootMapping.parse(["/caf\udce9=/mnt", "/a=/b"]), True, 512, True),
    ],
)
def test_options_survive_the_command_line(options: WorkerOptions) -> None:
    assert WorkerOptions.from_json(options.to_json()) == options
