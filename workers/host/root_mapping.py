"""Root folders of collections on this host: where they are, and whether they are mounted."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.db.tables import collection
from catalog.errors import CatalogError


class RootMappingError(CatalogError):
    """A root mapping has the wrong format."""


@dataclass(frozen=True)
class RootMapping:
    """Paths of root folders in the catalog, each with its path on this host. Other folders have the same path."""

    pairs: tuple[tuple[bytes, bytes], ...] = ()

    @classmethod
    def parse(cls, texts: Iterable[str]) -> RootMapping:
        """Parses mappings of the form `/as/in/the/catalog=/as/here`. Raises RootMappingError.

        The first `=/` separates the paths: both are absolute, and both may contain an equals sign.
        """
        pairs = []
        for text in texts:
            old, separator, rest = text.partition("=/")
            if not separator or not old.startswith("/"):
                raise RootMappingError(
                    f"{text!r} is not OLD=NEW with two absolute paths, such as /music=/mnt/music"
                )
            pairs.append((_without_slash(old), _without_slash(f"/{rest}")))
        return cls(tuple(pairs))

    def texts(self) -> list[str]:
        """The mappings in the format of `parse`."""
        return [f"{os.fsdecode(old)}={os.fsdecode(new)}" for old, new in self.pairs]

    def here(self, root: bytes) -> bytes:
        """The path on this host of a folder of the catalog. The longest matching mapping applies."""
        matches = [
            pair for pair in self.pairs if root == pair[0] or root.startswith(pair[0].rstrip(b"/") + b"/")
        ]
        if not matches:
            return root
        old, new = max(matches, key=lambda pair: len(pair[0]))
        rest = root.removeprefix(old).lstrip(b"/")
        return os.path.join(new, rest) if rest else new  # noqa: PTH118 -- the bytes may not be valid text


def is_root_mounted(root: bytes) -> bool:
    """Whether a folder exists and is not empty: an unmounted disk leaves an empty folder."""
    try:
        with os.scandir(root) as entries:
            return next(entries, None) is not None
    except OSError:
        return False


def unmounted_roots(connection: Connection, roots: RootMapping | None = None) -> list[int]:
    """The ids of collections whose root folder is not mounted on this host."""
    roots = roots or RootMapping()
    folders = sa.select(collection.c.id, collection.c.root_bytes).where(collection.c.root_bytes.is_not(None))
    return [key for key, root in connection.execute(folders).all() if not is_root_mounted(roots.here(root))]


def _without_slash(path: str) -> bytes:
    return os.fsencode(path.rstrip("/") or "/")
