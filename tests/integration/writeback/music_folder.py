"""A folder of music with a catalog of its own, on which verbs are run."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from catalog.cli.main import run
from catalog.collection.scan.file_tags import read_file_tags
from catalog.collection.scan.scan import scan
from catalog.collection.statements import NewStatement
from catalog.db import tables as t
from catalog.db.database import Database
from tests.integration.statement_helpers import append_statements

TEN_YEARS_AGO = 1_480_000_000_123_456_789


@dataclass
class MusicFolder:
    """A scanned folder with a catalog of its own, and verbs run on it."""

    database: Database
    url: str
    home: Path
    folder: Path
    capture: pytest.CaptureFixture[str]
    code: int = 0
    out: str = ""
    err: str = ""

    def add(self, name: str, content: bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        os.utime(path, ns=(TEN_YEARS_AGO, TEN_YEARS_AGO))
        return path

    def scan(self) -> None:
        report = scan(self.database, self.folder)
        assert not report.warned

    def decide(self, genres: list[str], name: str | None = None) -> None:
        with self.database.write() as connection:
            query = sa.select(t.track.c.id)
            if name is not None:
                query = query.where(t.track.c.path == name)
            ids = list(connection.execute(query).scalars())
            assert ids
            append_statements(
                connection, "person", [NewStatement(i, tuple(genres)) for i in ids], stated_by="ada"
            )

    def write(self, *arguments: str) -> list[dict[str, object]]:
        """Runs the verb with --json; gives its rows."""
        self.run("write", "--json", *arguments)
        return json.loads(self.out) if self.out else []

    def run(self, *arguments: str) -> None:
        self.capture.readouterr()
        self.code = run(["--home", str(self.home), "--database-url", self.url, *arguments])
        self.out, self.err = self.capture.readouterr()

    def journal(self) -> list[sa.Row[Any]]:
        with self.database.read() as connection:
            return list(connection.execute(sa.select(t.tag_write).order_by(t.tag_write.c.id)))


def genres(path: Path) -> tuple[str, ...]:
    """The genres in a file's tags."""
    with path.open("rb") as stream:
        return read_file_tags(stream, os.fsencode(path.name)).genres
