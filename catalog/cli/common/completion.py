"""Shell completion of names in the catalog: genres, collections, cases, models, feature sets, saved queries.

Completion reads the database without creating or changing anything. On any error it completes nothing.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from importlib.metadata import entry_points
from importlib.resources import files
from typing import Any
from urllib.parse import unquote

import click
from click.shell_completion import BashComplete, CompletionItem, add_completion_class

from catalog.settings import make_settings

MOST = 5_000
"""Maximum number of rows read from the database."""
CONNECT_TIMEOUT = 2
"""Seconds; the smallest value of libpq."""

Completer = Callable[[click.Context], Iterable[tuple[Any, ...]]]
"""Returns rows of a value and, optionally, a description."""


class CompletedType(click.ParamType[Any]):
    """A parameter type whose values are completed from the catalog."""

    def __init__(self, base: click.ParamType[Any], completer: Completer) -> None:
        self.base, self.completer = base, completer
        self.name = base.name

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Converts the value as the base type does."""
        return self.base.convert(value, param, ctx)

    def shell_complete(
        self,
        ctx: click.Context,
        param: click.Parameter,  # noqa: ARG002
        incomplete: str,
    ) -> list[CompletionItem]:
        """Returns the values that begin with the incomplete one, in any case."""
        try:
            rows = list(self.completer(ctx))
        except Exception:  # noqa: BLE001 - completion never fails
            return []
        start = incomplete.casefold()
        return [
            CompletionItem(str(value), help=" ".join(map(str, description)) or None)
            for value, *description in rows
            if str(value).casefold().startswith(start)
        ]


class EscapingBashComplete(BashComplete):
    """Completion for bash that escapes spaces; the other shells do so themselves."""

    def format_completion(self, item: CompletionItem) -> str:
        """Returns the type and the value of a completion."""
        return f"{item.type},{str(item.value).replace(' ', chr(92) + ' ')}"


def set_up_completion() -> None:
    """Registers the completion for bash; called only when a shell asks for completions."""
    add_completion_class(EscapingBashComplete)


def _from_database(sql: str) -> Completer:
    def complete(context: click.Context) -> Sequence[tuple[Any, ...]]:
        options = context.find_root().params
        settings = make_settings(options.get("home"), options.get("database_url"))
        return _read(settings.database_url, f"{sql} LIMIT {MOST}")

    return complete


def _read(url: str, sql: str) -> list[tuple[Any, ...]]:
    """Reads rows without SQLAlchemy, whose import takes longer than the query."""
    if url.startswith("sqlite:///"):
        path = unquote(url.removeprefix("sqlite:///"))
        # Without a write-ahead log the file is read as it is: a plain connection would create one.
        mode = "mode=ro" if os.path.exists(f"{path}-wal") else "mode=ro&immutable=1"  # noqa: PTH110
        with closing(
            sqlite3.connect(f"file:{url.removeprefix('sqlite:///')}?{mode}", uri=True)
        ) as connection:
            return connection.execute(sql).fetchall()
    import psycopg

    plain = f"postgresql{url[url.index(':') :]}"
    with psycopg.connect(plain, connect_timeout=CONNECT_TIMEOUT) as connection_to_server:
        return connection_to_server.execute(sql.encode()).fetchall()


def _feature_sets(context: click.Context) -> Iterable[tuple[Any, ...]]:
    names = {(entry.name,) for entry in entry_points(group="music_catalog.feature_sets")}
    try:
        names |= {tuple(row) for row in _stored_feature_sets(context)}
    except Exception:  # noqa: BLE001 - the installed ones are enough
        return sorted(names)
    return sorted(names)


def _queries(_context: click.Context) -> Iterable[tuple[Any, ...]]:
    folders = {"saved query": "catalog.db.query.saved_queries", "view": "catalog.db.schema"}
    for kind, package in folders.items():
        folder = files(package) / "views" if kind == "view" else files(package)
        for file in sorted(folder.iterdir(), key=lambda file: file.name):
            if file.name.endswith(".sql"):
                yield file.name.removesuffix(".sql"), kind


_stored_feature_sets = _from_database("SELECT DISTINCT name FROM feature_set")
_genres = _from_database("SELECT name FROM genre ORDER BY name")
_models = _from_database("SELECT id, algorithm, status FROM model ORDER BY id DESC")
_cases = _from_database(
    "SELECT review_case.case_id, tagged.name, '->', suggested.name FROM review_case "
    "JOIN genre AS tagged ON tagged.id = review_case.genre_id "
    "JOIN genre AS suggested ON suggested.id = review_case.suggested_genre_id "
    "WHERE audit_id = (SELECT max(id) FROM audit WHERE kind = 'labels' AND finished_at IS NOT NULL) "
    "ORDER BY suspicion DESC"
)

COMPLETERS: dict[str, Completer] = {
    "genre": _genres,
    "genres": _genres,
    "exclude_genres": _genres,
    "excluded": _genres,
    "parent": _genres,
    "tagged": _genres,
    "suggested": _genres,
    "artist": _from_database("SELECT name FROM artist ORDER BY name"),
    "collection_name": _from_database("SELECT name FROM collection ORDER BY name"),
    "reviewer": _from_database("SELECT name FROM reviewer ORDER BY name"),
    "feature_sets": _feature_sets,
    "model": _models,
    "other": _models,
    "case_id": _cases,
    "targets": _cases,
    "query": _queries,
}
"""Completers by the name of the parameter."""
